#pragma once
// An address of http or https, as far as a client needs it.

#include <charconv>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace uncork::http2 {

/// Whom a client talks to: connections are shared by requests of the same origin (RFC 6454).
struct origin {
  // Constructors, since g++ 12 copies an aggregate that is made within a co_await expression byte by byte.
  origin() = default;
  origin(bool over_tls, std::string whose, std::uint16_t at) : tls(over_tls), host(std::move(whose)), port(at) {}

  bool tls = false;
  std::string host;  ///< a name, or an address; of IPv6 without brackets
  std::uint16_t port = 80;

  auto operator<=>(const origin&) const = default;
};

struct url {
  http2::origin origin;
  std::string authority;  ///< host and port as they stood, for :authority
  std::string path;       ///< with the query; at least "/"
};

/// Reads `http://host/path?query` and `https://[::1]:8443/`. What stands behind `#` stays with the client. Nothing if it is none
/// of these, has a user in it (RFC 9110 4.2.4), a port that is none, or a byte that no address may have.
[[nodiscard]] inline std::optional<url> parse_url(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f) return std::nullopt;
  }
  url made;
  if (text.starts_with("https://")) {
    made.origin.tls = true;
    made.origin.port = 443;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  text = text.substr(0, text.find('#'));
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  const std::string_view rest = text.substr(authority.size());
  if (authority.find('@') != std::string_view::npos) return std::nullopt;
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (host.empty() || (!port.empty() && port.front() != ':')) return std::nullopt;
  if (port.size() > 1) {
    const char* const end = port.data() + port.size();
    const auto read = std::from_chars(port.data() + 1, end, made.origin.port);
    if (read.ec != std::errc() || read.ptr != end || made.origin.port == 0) return std::nullopt;
  }
  made.origin.host = host;
  made.authority = authority;
  made.path = rest.empty() || rest.front() == '?' ? "/" + std::string(rest) : std::string(rest);
  return made;
}

}  // namespace uncork::http2
