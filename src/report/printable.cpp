#include "report/printable.hpp"

#include <cstddef>
#include <cstdint>

namespace uncork::report {
namespace {

struct Decoded {
  char32_t point = 0;
  std::size_t length = 0;  // 0: no UTF-8
};

/// The code point at the start of `text` (RFC 3629: shortest form only, no surrogates, up to U+10FFFF).
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t point = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    point = point << 6 | (byte(i) & 0x3FU);
  }
  constexpr char32_t kShortest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < kShortest[length] || point > 0x10FFFF || surrogate) return {};
  return {point, length};
}

bool is_to_look_at(char32_t point) {
  const auto in = [point](char32_t first, char32_t last) { return point >= first && point <= last; };
  const bool control = in(0, 0x1F) || in(0x7F, 0x9F);
  const bool separates_lines = in(0x2028, 0x2029);
  const bool reorders = point == 0x061C || in(0x200E, 0x200F) || in(0x202A, 0x202E) || in(0x2066, 0x2069);  // Unicode UAX #9
  return !control && !separates_lines && !reorders;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const Decoded decoded = decode(text);
    const std::size_t length = decoded.length == 0 ? 1 : decoded.length;
    if (decoded.length != 0 && is_to_look_at(decoded.point)) {
      shown += text.substr(0, length);
    } else {
      shown += '?';
    }
    text.remove_prefix(length);
  }
  return shown;
}

}  // namespace uncork::report
