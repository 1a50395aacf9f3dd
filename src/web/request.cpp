#include "web/request.hpp"

#include <fmt/format.h>

namespace uncork::web {

http2::fields request_for(const http2::url& where, const RequestOptions& options) {
  http2::fields made;
  made.append(http2::known_field::method, ":method", options.method);
  made.append(http2::known_field::scheme, ":scheme", where.origin.tls ? "https" : "http");
  made.append(http2::known_field::authority, ":authority", where.authority);
  made.append(http2::known_field::path, ":path", where.path);
  made.add("user-agent", "uncork");
  for (const auto& [name, value] : options.headers) made.add(name, value);
  if (!options.body.empty()) made.add("content-length", std::to_string(options.body.size()));
  return made;
}

core::Result<http2::url> parse_address(const std::string& text) {
  auto where = http2::parse_url(text);
  if (where) return *where;
  return core::fail(core::invalid_argument(
      fmt::format("URL '{}': accepted: http://HOST[:PORT]/PATH and https://HOST[:PORT]/PATH", text.substr(0, 80))));
}

}  // namespace uncork::web
