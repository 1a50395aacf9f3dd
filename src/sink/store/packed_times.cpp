#include "sink/store/packed_times.hpp"

#include <array>
#include <cstdint>
#include <optional>

#include "record/protobuf.hpp"

namespace uncork::sink {
namespace {

void put(std::string& to, std::uint64_t number) {
  constexpr std::size_t kLongest = 10;
  std::array<char, kLongest> varint{};
  to.append(varint.data(), record::write_varint(number, varint.data()));
}

/// Of most numbers there is one byte, and a week has a million of them.
inline std::optional<std::uint64_t> take(std::string_view& from) {
  if (!from.empty() && static_cast<unsigned char>(from.front()) < 0x80U) {
    const auto number = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    return number;
  }
  constexpr unsigned kBits = 64;
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < kBits && !from.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(from.front());
    from.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80U) == 0) return number;
  }
  return std::nullopt;
}

}  // namespace

std::string packed(const stall::ExchangeTimes& times) {
  std::string bytes;
  std::size_t next = 0;
  const auto buckets = times.buckets();
  for (std::size_t bucket = 0; bucket < buckets.size(); ++bucket) {
    if (buckets[bucket] == 0) continue;
    put(bytes, bucket - next);
    put(bytes, buckets[bucket]);
    next = bucket + 1;
  }
  return bytes;
}

void add_packed(std::string_view bytes, stall::ExchangeTimes& to) {
  for (std::size_t bucket = 0; !bytes.empty(); ++bucket) {
    const auto skipped = take(bytes);
    const auto count = take(bytes);
    if (!skipped || !count || *skipped >= to.buckets().size()) break;
    bucket += *skipped;
    to.add_bucket(bucket, *count);
  }
}

stall::ExchangeTimes unpacked(std::string_view bytes) {
  stall::ExchangeTimes times;
  add_packed(bytes, times);
  return times;
}

}  // namespace uncork::sink
