#pragma once
// Bytes as tests write and read them.

#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "uncork/http2/fields.hpp"

namespace uncork::http2::testing {

/// `8286 84` as bytes; blanks mean nothing.
inline std::vector<std::byte> hex(std::string_view digits) {
  std::vector<std::byte> bytes;
  unsigned value = 0;
  bool is_half = false;
  for (const char c : digits) {
    if (c == ' ') continue;
    const unsigned nibble =
        std::isdigit(static_cast<unsigned char>(c)) != 0 ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'a' + 10);
    value = value << 4 | nibble;
    if (is_half) {
      bytes.push_back(static_cast<std::byte>(value));
      value = 0;
    }
    is_half = !is_half;
  }
  return bytes;
}

inline std::vector<std::byte> as_bytes(std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

inline std::vector<std::string> lines_of(const fields& message) {
  std::vector<std::string> lines;
  for (const field one : message) lines.push_back(std::string(one.name) + ": " + std::string(one.value));
  return lines;
}

}  // namespace uncork::http2::testing
