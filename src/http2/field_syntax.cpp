#include "http2/field_syntax.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace uncork::http2 {
namespace {

constexpr bool is_small(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_letter(char c) noexcept { return is_small(c) || (c >= 'A' && c <= 'Z'); }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

using ByteSet = std::array<bool, 256>;

constexpr ByteSet digits_and(std::string_view marks, bool (*also)(char)) {
  ByteSet is{};
  for (unsigned c = 0; c < 128; ++c) is[c] = is_digit(static_cast<char>(c)) || also(static_cast<char>(c));
  for (const char c : marks) is[static_cast<unsigned char>(c)] = true;
  return is;
}

constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
constexpr ByteSet kName = digits_and(kTokenMarks, is_small);
constexpr ByteSet kMethod = digits_and(kTokenMarks, is_letter);
constexpr ByteSet kScheme = digits_and("+-.", is_letter);
constexpr ByteSet kAuthority = digits_and("-._~!$&'()*+,;=:[]%", is_letter);

bool has_only(std::string_view text, const ByteSet& allowed) noexcept {
  for (const char c : text) {
    if (!allowed[static_cast<unsigned char>(c)]) return false;
  }
  return true;
}

bool is_control(char c) noexcept { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; }

/// Whether one of eight bytes is below `least`, 128 at most, or is 0x7F; or perhaps, if one before it in memory is.
constexpr bool may_have(std::uint64_t eight, std::uint64_t least) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  const std::uint64_t below = (eight - kOnes * least) & ~eight & kHigh;
  const std::uint64_t deletes = eight ^ kOnes * 0x7F;
  return (below | ((deletes - kOnes) & ~deletes & kHigh)) != 0;
}

std::uint64_t load_eight(std::string_view bytes, std::size_t at) noexcept {
  std::uint64_t eight = 0;
  std::memcpy(&eight, bytes.data() + at, sizeof eight);
  return eight;
}

/// Whether a byte of at least eight may be below `least`, or is 0x7F. The last eight are looked at whole, perhaps again.
bool may_have(std::string_view bytes, std::uint64_t least) noexcept {
  for (std::size_t at = 0; at + sizeof(std::uint64_t) < bytes.size(); at += sizeof(std::uint64_t)) {
    if (may_have(load_eight(bytes, at), least)) return true;
  }
  return may_have(load_eight(bytes, bytes.size() - sizeof(std::uint64_t)), least);
}

bool has_control(std::string_view bytes) noexcept {
  if (bytes.size() >= sizeof(std::uint64_t) && !may_have(bytes, 0x20)) return false;
  for (const char c : bytes) {
    if (is_control(c)) return true;
  }
  return false;
}

/// Neither controls nor blanks.
bool is_visible(std::string_view bytes) noexcept {
  if (bytes.size() >= sizeof(std::uint64_t) && !may_have(bytes, 0x21)) return true;
  for (const char c : bytes) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) return false;
  }
  return true;
}

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

bool is_field_name(std::string_view name) noexcept {
  if (name.starts_with(':')) name.remove_prefix(1);
  if (name.empty()) return false;
  return has_only(name, kName);
}

bool is_field_value(std::string_view value) noexcept {
  if (value.empty()) return true;
  return !is_blank(value.front()) && !is_blank(value.back()) && !has_control(value);
}

bool is_authority(std::string_view text) noexcept { return has_only(text, kAuthority); }

bool is_value_of(known_field token, std::string_view value) noexcept {
  switch (token) {
    case known_field::method:
      return !value.empty() && has_only(value, kMethod);
    case known_field::scheme:
      return !value.empty() && is_letter(value.front()) && has_only(value, kScheme);
    case known_field::authority:
      return is_authority(value);
    case known_field::path:
      return !value.empty() && is_visible(value);
    default:
      return is_field_value(value);
  }
}

}  // namespace uncork::http2
