// Field blocks of one connection: bytes that begin with the table's size, then blocks with their lengths before them. What is
// decoded is encoded, decoded again, and must be the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "http2/frame.hpp"
#include "http2/hpack/decoder.hpp"
#include "http2/hpack/encoder.hpp"

using namespace uncork::http2;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  byte_span rest = std::as_bytes(std::span(data, size));
  if (rest.size() < 2) return 0;
  const std::uint32_t table = load_big_endian(rest.first(2));
  rest = rest.subspan(2);
  HpackDecoder decoder(table);
  HpackDecoder again;
  HpackEncoder encoder;
  constexpr field_limits kLimits{200, 20'000};
  while (rest.size() >= 2) {
    const std::size_t length = std::min<std::size_t>(load_big_endian(rest.first(2)), rest.size() - 2);
    const byte_span block = rest.subspan(2, length);
    rest = rest.subspan(2 + length);
    fields read;
    const DecodedBlock done = decoder.decode(block, kLimits, read);
    if (read.size() > kLimits.most_fields || read.list_size() > kLimits.most_bytes) std::abort();
    if (decoder.memory() > 4 * std::size_t{table} + 64 * 1024) std::abort();
    byte_vector written;
    encoder.encode(read, written);
    fields same;
    if (again.decode(written, kLimits, same).error != errc::no_error || same.size() != read.size()) std::abort();
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (read[i].name != same[i].name || read[i].value != same[i].value || read[i].sensitive != same[i].sensitive) std::abort();
    }
    if (done.error != errc::no_error) return 0;
  }
  return 0;
}
