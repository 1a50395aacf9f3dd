#include "record/escape.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "record/utf8.hpp"

namespace uncork::record {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void put_unicode_escape(Buffer& to, std::uint32_t unit) {
  const char escape[] = {'\\', 'u', kHex[unit >> 12 & 15], kHex[unit >> 8 & 15], kHex[unit >> 4 & 15], kHex[unit & 15]};
  to.put({escape, sizeof escape});
}

/// The code point of a well-formed character.
std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(character[at])); };
  switch (character.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3:
      return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
  }
}

/// libprotobuf 3.21, util/internal/json_escaping.cc: characters that are invisible, or change how others are shown.
constexpr std::pair<std::uint32_t, std::uint32_t> kEscaped[] = {
    {0x00, 0x1f},     {'<', '<'},       {'>', '>'},       {0x7f, 0x9f},       {0xad, 0xad},       {0x0600, 0x0603},
    {0x06dd, 0x06dd}, {0x070f, 0x070f}, {0x17b4, 0x17b5}, {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x2064},
    {0x206a, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f}};

void put_escape(Buffer& to, std::uint32_t point) {
  if (point < 0x10000) return put_unicode_escape(to, point);
  put_unicode_escape(to, 0xd800 + ((point - 0x10000) >> 10));
  put_unicode_escape(to, 0xdc00 + ((point - 0x10000) & 0x3ff));
}

char short_escape(char c) {
  switch (c) {
    case '\b':
      return 'b';
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\f':
      return 'f';
    case '\r':
      return 'r';
    case '"':
    case '\\':
      return c;
    default:
      return 0;
  }
}

bool is_plain(char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>'; }

}  // namespace

void put_json_string(Buffer& to, std::string_view text) {
  to.put('"');
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
    to.put(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t size = std::max<std::size_t>(character_size(text), 1);
    if (const char escape = short_escape(text.front()); escape != 0) {
      to.put('\\');
      to.put(escape);
    } else {
      const std::uint32_t point = code_point(text.substr(0, size));
      const bool escaped =
          std::ranges::any_of(kEscaped, [&](auto range) { return point >= range.first && point <= range.second; });
      if (escaped)
        put_escape(to, point);
      else
        to.put(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  to.put('"');
}

void put_base64(Buffer& to, std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t size = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < size ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    char digits[4] = {kDigits[group >> 18], kDigits[group >> 12 & 63], kDigits[group >> 6 & 63], kDigits[group & 63]};
    for (std::size_t i = size + 1; i < 4; ++i) digits[i] = '=';
    to.put({digits, 4});
  }
}

void put_c_string(Buffer& to, std::string_view bytes) {
  to.put('"');
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\r' || c == '\t' || c == '"' || c == '\'' || c == '\\') {
      to.put('\\');
      to.put(c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c);
    } else if (byte < ' ' || byte >= 0x7f) {
      const char octal[] = {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
                            static_cast<char>('0' + (byte & 7))};
      to.put({octal, sizeof octal});
    } else {
      to.put(c);
    }
  }
  to.put('"');
}

void put_csv(Buffer& to, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return to.put(text);
  to.put('"');
  for (const char c : text) {
    if (c == '"') to.put('"');
    to.put(c);
  }
  to.put('"');
}

void put_tsv(Buffer& to, std::string_view text) {
  for (const char c : text) {
    const char escape = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\\' ? '\\' : '\0';
    if (escape != 0) to.put('\\');
    to.put(escape != 0 ? escape : c);
  }
}

}  // namespace uncork::record
