#include "zino/protocol/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace uncork::zino {
namespace {

/// Bytes of the well-formed UTF-8 sequence at the front of `text`; 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : (first & 0xF0) == 0xE0         ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = at(1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);  // surrogates, beyond U+10FFFF
  return overlong || outside ? 0 : length;
}

/// The zeros of Unicode's decimal digits (general category Nd, Unicode 14 as in Python 3.11); nine digits follow each.
constexpr std::array<char32_t, 65> kZeros = {
    0x30,    0x660,   0x6F0,   0x7C0,   0x966,   0x9E6,   0xA66,   0xAE6,   0xB66,   0xBE6,   0xC66,   0xCE6,   0xD66,
    0xDE6,   0xE50,   0xED0,   0xF20,   0x1040,  0x1090,  0x17E0,  0x1810,  0x1946,  0x19D0,  0x1A80,  0x1A90,  0x1B50,
    0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,  0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30,
    0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50,
    0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950};

std::optional<char> decimal_digit(char32_t point) {
  const auto above = std::ranges::upper_bound(kZeros, point);
  if (above == kZeros.begin()) return std::nullopt;
  const char32_t offset = point - *std::prev(above);
  if (offset > 9) return std::nullopt;
  return static_cast<char>('0' + static_cast<int>(offset));
}

bool breaks_line(char32_t point) {
  return (point >= 0x0A && point <= 0x0D) || (point >= 0x1C && point <= 0x1E) || point == 0x85 || point == 0x2028 ||
         point == 0x2029;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string decode_line(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

char32_t take_code_point(std::string_view& text) {
  const std::size_t length = std::max<std::size_t>(1, sequence_length(text));
  constexpr std::array<unsigned char, 5> kLeadBits = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t point = static_cast<unsigned char>(text[0]) & kLeadBits[length];
  for (std::size_t i = 1; i < length; ++i) point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  text.remove_prefix(length);
  return point;
}

bool is_space(char32_t point) {
  return (point >= 0x09 && point <= 0x0D) || (point >= 0x1C && point <= 0x20) || point == 0x85 || point == 0xA0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 || point == 0x202F ||
         point == 0x205F || point == 0x3000;
}

std::string_view strip_left(std::string_view text) {
  while (!text.empty()) {
    std::string_view rest = text;
    if (!is_space(take_code_point(rest))) break;
    text = rest;
  }
  return text;
}

std::string_view strip(std::string_view text) {
  text = strip_left(text);
  std::size_t end = 0;
  for (std::string_view rest = text; !rest.empty();) {
    if (!is_space(take_code_point(rest))) end = text.size() - rest.size();
  }
  return text.substr(0, end);
}

bool continues_word(std::string_view rest) {
  if (rest.empty()) return false;
  const char32_t point = take_code_point(rest);
  if (point < 0x80) {
    return (point >= '0' && point <= '9') || (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z') || point == '_';
  }
  if (is_space(point) || point == 0xD7 || point == 0xF7 || (point >= 0x2000 && point <= 0x206F)) return false;
  // Of U+0080..BF only the feminine and masculine ordinals, the micro sign, superscripts and fractions are word characters.
  constexpr std::u32string_view kLatin1Words = U"\u00AA\u00B2\u00B3\u00B5\u00B9\u00BA\u00BC\u00BD\u00BE";
  return point >= 0xC0 || kLatin1Words.find(point) != std::u32string_view::npos;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  std::string_view rest = text;
  const char* begin = text.data();
  while (!rest.empty()) {
    const char* end = rest.data();
    const char32_t point = take_code_point(rest);
    if (!breaks_line(point)) continue;
    lines.emplace_back(begin, static_cast<std::size_t>(end - begin));
    if (point == '\r' && rest.starts_with('\n')) rest.remove_prefix(1);
    begin = rest.data();
  }
  const char* end = text.data() + text.size();
  if (begin != end) lines.emplace_back(begin, static_cast<std::size_t>(end - begin));
  return lines;
}

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  if (text.empty()) return words;
  for (;;) {
    const std::size_t space = text.find(' ');
    words.push_back(text.substr(0, space));
    if (space == std::string_view::npos) return words;
    text.remove_prefix(space + 1);
  }
}

std::optional<std::string> python_int(std::string_view text) {
  constexpr std::size_t kLongest = 4300;  // sys.int_info.default_max_str_digits
  text = strip(text);
  bool negative = false;
  if (text.starts_with('+') || text.starts_with('-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  std::string digits;
  bool after_digit = false;  // an underscore stands between two digits only
  while (!text.empty()) {
    const char32_t point = take_code_point(text);
    if (point == '_') {
      if (!after_digit || text.empty()) return std::nullopt;
      after_digit = false;
      continue;
    }
    const auto digit = decimal_digit(point);
    if (!digit) return std::nullopt;
    digits += *digit;
    after_digit = true;
  }
  if (digits.empty() || !after_digit || digits.size() > kLongest) return std::nullopt;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return negative && digits != "0" ? "-" + digits : digits;
}

std::optional<std::int64_t> to_int64(std::string_view decimal) {
  std::int64_t value = 0;
  const auto [end, err] = std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
  if (err != std::errc{} || end != decimal.data() + decimal.size()) return std::nullopt;
  return value;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(line, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return line;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace uncork::zino
