#include "uncork/http2/fields.hpp"

#include <algorithm>

namespace uncork::http2 {

namespace {

known_field pseudo_field_of(std::string_view name) noexcept {
  if (name == ":method") return known_field::method;
  if (name == ":scheme") return known_field::scheme;
  if (name == ":authority") return known_field::authority;
  if (name == ":path") return known_field::path;
  if (name == ":protocol") return known_field::protocol;
  if (name == ":status") return known_field::status;
  return known_field::unknown_pseudo;
}

}  // namespace

known_field known_field_of(std::string_view name) noexcept {
  if (name.starts_with(':')) return pseudo_field_of(name);
  const auto is = [name](std::string_view known, known_field token) { return name == known ? token : known_field::other; };
  switch (name.size()) {
    case 2:
      return is("te", known_field::te);
    case 4:
      return name[0] == 'h' ? is("host", known_field::host) : is("date", known_field::date);
    case 6:
      return name[0] == 'c' ? is("cookie", known_field::cookie) : is("expect", known_field::expect);
    case 7:
      return is("upgrade", known_field::upgrade);
    case 8:
      return is("priority", known_field::priority);
    case 10:
      return name[0] == 'c' ? is("connection", known_field::connection) : is("keep-alive", known_field::keep_alive);
    case 14:
      return is("content-length", known_field::content_length);
    case 16:
      return is("proxy-connection", known_field::proxy_connection);
    case 17:
      return is("transfer-encoding", known_field::transfer_encoding);
    default:
      return known_field::other;
  }
}

std::optional<std::string_view> fields::find(std::string_view name) const noexcept {
  for (const field f : *this) {
    if (f.name == name) return f.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> fields::find(known_field token) const noexcept {
  if (!has(token)) return std::nullopt;
  if (token != known_field::other) return value_or_empty(token);
  const auto found = std::ranges::find(entries_, token, &entry::token);
  return (*this)[static_cast<std::size_t>(found - entries_.begin())].value;
}

void fields::shrink(std::size_t most_bytes) {
  if (capacity() <= most_bytes) return;
  *this = fields();
}

}  // namespace uncork::http2
