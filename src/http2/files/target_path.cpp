#include "http2/files/target_path.hpp"

#include <algorithm>
#include <optional>

namespace uncork::http2 {
namespace {

constexpr bool is_unreserved_or_sub_delimiter(char c) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != kMarks.npos;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Nothing where `%` has no two hexadecimal digits behind it or stands for NUL, which would end the name early.
std::optional<std::string> decoded(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

/// Whether a decoded segment may be part of a served file's name.
bool may_be_named(std::string_view segment, bool is_first, HiddenFiles hidden) {
  if (segment.empty() || segment == "." || segment == ".." || segment.find('/') != segment.npos) return false;
  return segment[0] != '.' || hidden == HiddenFiles::served || (is_first && segment == ".well-known");
}

/// No control character, space or fragment. Bytes beyond ASCII are let through: clients send UTF-8 as it is, against RFC 3986.
bool is_target_text(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return (c >= 0 && c <= 0x20) || c == 0x7F || c == '#'; });
}

void append_encoded(std::string& text, std::string_view raw, std::string_view also_allowed) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : raw) {
    if (is_unreserved_or_sub_delimiter(c) || also_allowed.find(c) != also_allowed.npos) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += '%';
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 15U];
    }
  }
}

}  // namespace

TargetPath parse_target(std::string_view path, HiddenFiles hidden) {
  TargetPath target;
  const auto refused = [](TargetFault fault) {
    TargetPath none;
    none.fault = fault;
    return none;
  };
  if (path.size() > kLongestTarget) return refused(TargetFault::too_long);
  if (!path.starts_with('/') || !is_target_text(path)) return refused(TargetFault::malformed);
  const std::size_t question = path.find('?');
  if (question != path.npos) target.query = path.substr(question + 1);
  std::string_view rest = path.substr(1, question == path.npos ? path.npos : question - 1);
  target.is_directory = rest.empty() || rest.ends_with('/');
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty()) return path.starts_with("//") ? refused(TargetFault::no_file) : target;
  TargetFault fault = TargetFault::none;
  for (bool is_first = true;; is_first = false) {
    const std::size_t slash = rest.find('/');
    const auto segment = decoded(rest.substr(0, slash));
    if (!segment) return refused(TargetFault::malformed);
    if (!may_be_named(*segment, is_first, hidden)) fault = TargetFault::no_file;
    if (!is_first) target.name += '/';
    target.name += *segment;
    if (slash == rest.npos) break;
    rest.remove_prefix(slash + 1);
  }
  return fault == TargetFault::none ? target : refused(fault);
}

std::string directory_location(const TargetPath& target) {
  std::string location = "/";
  append_encoded(location, target.name, "/");
  if (!target.name.empty()) location += '/';
  if (!target.query.empty()) {
    location += '?';
    append_encoded(location, target.query, "/?%");
  }
  return location;
}

}  // namespace uncork::http2
