#include "collect/config_ascii.hpp"

#include <charconv>
#include <cstdint>

namespace uncork::collect {

std::string as_ascii(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string ascii;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && c != '%') {
      ascii += c;
    } else {
      ascii += '%';
      ascii += kDigits[byte >> 4U];
      ascii += kDigits[byte & 0xfU];
    }
  }
  return ascii;
}

std::string from_ascii(std::string_view ascii) {
  std::string text;
  for (std::size_t at = 0; at < ascii.size(); ++at) {
    const std::string_view digits = ascii.substr(at + 1, 2);
    std::uint8_t byte = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (ascii[at] != '%' || failed != std::errc{} || end != digits.data() + 2) {
      text += ascii[at];
    } else {
      text += static_cast<char>(byte);
      at += 2;
    }
  }
  return text;
}

}  // namespace uncork::collect
