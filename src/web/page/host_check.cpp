#include "web/page/host_check.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

namespace uncork::web {
namespace {

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return made;
}

/// The name without the port; nothing: it is none.
std::optional<std::string> name_in(std::string_view host) {
  const std::size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  if (bracket == std::string_view::npos) return std::nullopt;
  const std::size_t colon = host.find(':', bracket);
  if (colon != std::string_view::npos && !core::parse_port("port", host.substr(colon + 1))) return std::nullopt;
  const std::string_view name = host.substr(0, colon);
  return name.empty() ? std::nullopt : std::optional(lower(name));
}

bool is_any(const core::Endpoint& at) {
  return std::ranges::all_of(at.bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

bool is_host_allowed(std::string_view host, const HostRule& rule) {
  const auto name = name_in(host);
  if (!name) return false;
  if (rule.is_unix || *name == "localhost" || name->ends_with(".localhost")) return true;
  const auto address = core::parse_endpoint(*name + ":1");
  if (!address) return false;
  core::Endpoint meant = core::unmapped(*address);
  meant.port = rule.listen.port;
  return core::is_loopback(meant) || is_any(rule.listen) || meant == core::unmapped(rule.listen);
}

bool is_origin_allowed(std::string_view origin, std::string_view host) {
  if (origin.empty()) return true;
  const std::string own = lower(host);
  const std::string said = lower(origin);
  return said == "http://" + own || said == "https://" + own;
}

}  // namespace uncork::web
