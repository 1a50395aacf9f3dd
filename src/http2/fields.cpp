#include "uncork/http2/fields.hpp"

#include <algorithm>

namespace uncork::http2 {

known_field known_field_of(std::string_view name) noexcept {
  const auto is = [name](std::string_view known, known_field token) { return name == known ? token : known_field::other; };
  switch (name.size()) {
    case 2:
      return is("te", known_field::te);
    case 4:
      return is("host", known_field::host);
    case 5:
      return is(":path", known_field::path);
    case 6:
      return name[0] == 'c' ? is("cookie", known_field::cookie) : is("expect", known_field::expect);
    case 7:
      if (name == ":method") return known_field::method;
      if (name == ":scheme") return known_field::scheme;
      if (name == ":status") return known_field::status;
      return is("upgrade", known_field::upgrade);
    case 8:
      return is("priority", known_field::priority);
    case 9:
      return is(":protocol", known_field::protocol);
    case 10:
      if (name == ":authority") return known_field::authority;
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

void fields::append(known_field token, std::string_view name, std::string_view value, bool sensitive) {
  entries_.push_back({static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size()), token, sensitive});
  bytes_.append(name, value);
}

std::optional<std::string_view> fields::find(std::string_view name) const noexcept {
  for (const field f : *this) {
    if (f.name == name) return f.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> fields::find(known_field token) const noexcept {
  const auto found = std::ranges::find(entries_, token, &entry::token);
  if (found == entries_.end()) return std::nullopt;
  return (*this)[static_cast<std::size_t>(found - entries_.begin())].value;
}

void fields::shrink(std::size_t most_bytes) {
  if (capacity() <= most_bytes) return;
  *this = fields();
}

}  // namespace uncork::http2
