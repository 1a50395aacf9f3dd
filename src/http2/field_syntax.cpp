#include "http2/field_syntax.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace uncork::http2 {
namespace {

constexpr std::array<bool, 256> make_token_bytes() {
  std::array<bool, 256> is{};
  for (unsigned char c = '0'; c <= '9'; ++c) is[c] = true;
  for (unsigned char c = 'a'; c <= 'z'; ++c) is[c] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) is[static_cast<unsigned char>(c)] = true;
  return is;
}

constexpr std::array<bool, 256> kToken = make_token_bytes();

bool is_control(char c) noexcept { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

/// Whether one of eight bytes may be a control character: below 0x20 or 0x7F. HTAB is taken for one.
bool may_have_control(std::uint64_t eight) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  const std::uint64_t below = (eight - kOnes * 0x20) & ~eight & kHigh;
  const std::uint64_t deletes = eight ^ kOnes * 0x7F;
  return (below | ((deletes - kOnes) & ~deletes & kHigh)) != 0;
}

bool has_control(std::string_view bytes) noexcept {
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, bytes.data(), sizeof eight);
    if (may_have_control(eight)) {
      for (const char c : bytes.substr(0, sizeof eight)) {
        if (is_control(c)) return true;
      }
    }
    bytes.remove_prefix(sizeof eight);
  }
  for (const char c : bytes) {
    if (is_control(c)) return true;
  }
  return false;
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

bool is_field_name(std::string_view name) noexcept {
  if (name.starts_with(':')) name.remove_prefix(1);
  if (name.empty()) return false;
  for (const char c : name) {
    if (!kToken[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool is_field_value(std::string_view value) noexcept {
  if (value.empty()) return true;
  return !is_blank(value.front()) && !is_blank(value.back()) && !has_control(value);
}

}  // namespace uncork::http2
