#include "collect/spool_segment.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "core/crc32c.hpp"
#include "core/error.hpp"

namespace uncork::collect {
namespace {

constexpr std::string_view kMark = "PRCL";
constexpr std::size_t kChecked = kRecordHeading - 4;  // of the heading, by its own check sum

void put_number(char* to, std::uint32_t number) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<char>((number >> (8 * i)) & 0xFF);
}

std::uint32_t number(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return value;
}

std::optional<SpooledRecord> record_at(std::string_view bytes, std::size_t at) {
  const std::string_view rest = bytes.substr(at);
  if (rest.size() < kRecordHeading || !rest.starts_with(kMark)) return std::nullopt;
  if (core::crc32c(rest.substr(0, kChecked)) != number(rest, kChecked)) return std::nullopt;
  const std::size_t size = number(rest, 4);
  if (size > rest.size() - kRecordHeading || rest[13] != 0 || rest[14] != 0 || rest[15] != 0) return std::nullopt;
  if (core::crc32c(rest.substr(kRecordHeading, size)) != number(rest, 16)) return std::nullopt;
  const auto framing = static_cast<unsigned char>(rest[12]);
  if (framing > static_cast<unsigned char>(sink::Framing::delimited)) return std::nullopt;
  return SpooledRecord{at + kRecordHeading, size, number(rest, 8), static_cast<sink::Framing>(framing)};
}

}  // namespace

std::array<char, kRecordHeading> record_heading(const sink::Parcel& parcel) {
  UNCORK_ASSERT(parcel.bytes.size() <= std::numeric_limits<std::uint32_t>::max());
  std::array<char, kRecordHeading> heading{};
  std::ranges::copy(kMark, heading.begin());
  put_number(heading.data() + 4, static_cast<std::uint32_t>(parcel.bytes.size()));
  put_number(heading.data() + 8, parcel.rows);
  heading[12] = static_cast<char>(parcel.framing);
  put_number(heading.data() + 16, core::crc32c(parcel.bytes));
  put_number(heading.data() + kChecked, core::crc32c({heading.data(), kChecked}));
  return heading;
}

DecodedSegment decode_segment(std::string_view bytes) {
  DecodedSegment segment;
  std::size_t end = bytes.starts_with(kSegmentHeading) ? kSegmentHeading.size() : 0;  // of what is whole
  for (std::size_t at = end; at < bytes.size();) {
    if (const auto record = record_at(bytes, at)) {
      segment.damaged_bytes += at - end;
      segment.records.push_back(*record);
      at = end = record->begin + record->size;
    } else {
      at = std::min(bytes.find(kMark, at + 1), bytes.size());
    }
  }
  segment.torn_bytes = bytes.size() - end;
  return segment;
}

sink::Parcel parcel_of(const SpooledRecord& record, std::string_view segment) {
  return {std::string(segment.substr(record.begin, record.size)), record.rows, record.framing};
}

}  // namespace uncork::collect
