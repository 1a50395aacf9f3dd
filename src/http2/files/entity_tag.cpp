#include "http2/files/entity_tag.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "http2/files/list_text.hpp"

namespace uncork::http2 {
namespace {

struct Tag {
  bool weak = false;
  std::string_view quoted;  // with its quotes
};

/// etagc of RFC 9110 8.8.3: any visible character but the quote, and obs-text.
bool is_tag_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7F);
}

/// Cuts a tag off the front of `rest`. A comma within the quotes belongs to the tag, so that a list cannot be split before.
std::optional<Tag> take_tag(std::string_view& rest) {
  Tag tag;
  if (rest.starts_with("W/")) {  // case-sensitive
    tag.weak = true;
    rest.remove_prefix(2);
  }
  if (!rest.starts_with('"')) return std::nullopt;
  std::size_t end = 1;
  while (end < rest.size() && is_tag_character(rest[end])) ++end;
  if (end == rest.size() || rest[end] != '"') return std::nullopt;
  tag.quoted = rest.substr(0, end + 1);
  rest.remove_prefix(end + 1);
  return tag;
}

bool is_equal(const Tag& tag, std::string_view ours, TagComparison comparison) {
  return tag.quoted == ours && (comparison == TagComparison::weak || !tag.weak);
}

void append_hex(std::string& text, std::uint64_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  text.append(digits.data(), end);
}

}  // namespace

std::string entity_tag(const struct stat& file, std::string_view coding) {
  std::string tag = "\"";
  append_hex(tag, file.st_ino);
  tag += '-';
  append_hex(tag, static_cast<std::uint64_t>(file.st_size));
  tag += '-';
  append_hex(tag, static_cast<std::uint64_t>(file.st_mtim.tv_sec));
  tag += '.';
  append_hex(tag, static_cast<std::uint64_t>(file.st_mtim.tv_nsec));
  if (!coding.empty()) tag.append("-").append(coding);
  return tag += '"';
}

bool is_same_tag(std::string_view text, std::string_view ours, TagComparison comparison) {
  std::string_view rest = trimmed(text);
  const auto tag = take_tag(rest);
  return tag && rest.empty() && is_equal(*tag, ours, comparison);
}

bool tags_match(std::string_view value, std::string_view ours, TagComparison comparison) {
  std::string_view rest = trimmed(value);
  if (rest == "*") return true;
  bool matched = false;
  while (!rest.empty()) {
    if (rest.front() != ',') {  // a list may have empty elements (RFC 9110 5.6.1.2)
      const auto tag = take_tag(rest);
      if (!tag) return false;
      matched = matched || is_equal(*tag, ours, comparison);
      rest = trimmed(rest);
      if (rest.empty()) break;
      if (rest.front() != ',') return false;
    }
    rest = trimmed(rest.substr(1));
  }
  return matched;
}

}  // namespace uncork::http2
