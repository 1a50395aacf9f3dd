#include "core/endpoint.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace uncork::core {
namespace {

constexpr std::string_view kAccepted = "accepted: 127.0.0.1:8001, [::1]:8001, localhost:8001, :8001 (loopback)";
constexpr std::size_t kLongestAddress = 45;  // INET6_ADDRSTRLEN without its terminator

Error bad(std::string_view text, std::string_view why) {
  constexpr std::size_t kShown = 80;
  return invalid_argument("address '" + std::string(text.substr(0, kShown)) + "': " + std::string(why) + "; " +
                          std::string(kAccepted));
}

bool parse_host(std::string_view host, bool bracketed, Endpoint& out) {
  if (host.size() > kLongestAddress || host.find('\0') != std::string_view::npos) return false;
  const std::string text(host);
  if (!bracketed && (host.empty() || host == "localhost")) {
    out.bytes = {127, 0, 0, 1};
    return true;
  }
  out.family = bracketed ? Endpoint::Family::v6 : Endpoint::Family::v4;
  return inet_pton(bracketed ? AF_INET6 : AF_INET, text.c_str(), out.bytes.data()) == 1;
}

}  // namespace

Result<std::uint16_t> parse_port(std::string_view argument, std::string_view text, bool zero_allowed) {
  unsigned value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = err == std::errc{} && end == text.data() + text.size();
  if (!whole || value > 65535 || (value == 0 && !zero_allowed)) {
    return fail(invalid_argument(std::string(argument) + " '" + std::string(text.substr(0, 40)) + "': a port is a number from " +
                                 (zero_allowed ? "0" : "1") + " to 65535"));
  }
  return static_cast<std::uint16_t>(value);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  Endpoint endpoint;
  const bool bracketed = !text.empty() && text.front() == '[';
  std::string_view host;
  std::string_view port;
  if (bracketed) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return fail(bad(text, "the bracket is not closed"));
    host = text.substr(1, close - 1);
    if (text.substr(close + 1, 1) != ":") return fail(bad(text, "no port after the bracket"));
    port = text.substr(close + 2);
  } else {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return fail(bad(text, "no port"));
    host = text.substr(0, colon);
    if (host.find(':') != std::string_view::npos) return fail(bad(text, "an IPv6 address needs brackets"));
    port = text.substr(colon + 1);
  }
  if (!parse_host(host, bracketed, endpoint)) {
    return fail(bad(text, "'" + std::string(host.substr(0, 40)) + "' is not an IP address (names are not looked up)"));
  }
  const auto number = parse_port("address '" + std::string(text.substr(0, 80)) + "': port", port, true);
  if (!number) return fail(number.error());
  endpoint.port = *number;
  return endpoint;
}

Endpoint unmapped(const Endpoint& endpoint) {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (endpoint.family != Endpoint::Family::v6 || !std::equal(kMapped.begin(), kMapped.end(), endpoint.bytes.begin())) {
    return endpoint;
  }
  Endpoint plain{Endpoint::Family::v4, {}, endpoint.port};
  std::copy_n(endpoint.bytes.begin() + 12, 4, plain.bytes.begin());
  return plain;
}

bool is_loopback(const Endpoint& endpoint) {
  static constexpr std::array<std::uint8_t, 16> kOne = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const Endpoint plain = unmapped(endpoint);
  return plain.family == Endpoint::Family::v4 ? plain.bytes[0] == 127 : plain.bytes == kOne;
}

std::string to_string(const Endpoint& endpoint) {
  const Endpoint plain = unmapped(endpoint);
  const bool v6 = plain.family == Endpoint::Family::v6;
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(v6 ? AF_INET6 : AF_INET, plain.bytes.data(), text, sizeof text);
  return (v6 ? "[" + std::string(text) + "]" : std::string(text)) + ":" + std::to_string(plain.port);
}

}  // namespace uncork::core
