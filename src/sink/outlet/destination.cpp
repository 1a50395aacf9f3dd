#include "sink/outlet/destination.hpp"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/duration.hpp"
#include "core/endpoint.hpp"

namespace uncork::sink {
namespace {

using Kind = Destination::Kind;

constexpr std::string_view kAccepted =
    "accepted: stdout, stderr, file:/PATH, unix:/PATH, unixgram:/PATH, tcp:HOST:PORT, udp:HOST:PORT, http://HOST/..., "
    "https://HOST/...";

constexpr std::array<std::pair<std::string_view, Kind>, 7> kSchemes = {{{"file:", Kind::file},
                                                                        {"unix:", Kind::unix_stream},
                                                                        {"unixgram:", Kind::unix_datagram},
                                                                        {"tcp:", Kind::tcp},
                                                                        {"udp:", Kind::udp},
                                                                        {"http://", Kind::http},
                                                                        {"https://", Kind::https}}};

std::unexpected<core::Error> wrong(std::string_view text, const std::string& why) {
  return core::fail(core::invalid_argument("destination '" + std::string(text.substr(0, 200)) + "': " + why));
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
}

/// `64MB`, `500kB`, `1GB`, `4096`: in powers of 1000.
core::Result<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
  const std::string_view unit(end, text.end());
  std::uint64_t scale = 0;
  if (unit.empty() || unit == "B") scale = 1;
  if (unit == "kB") scale = 1'000;
  if (unit == "MB") scale = 1'000'000;
  if (unit == "GB") scale = 1'000'000'000;
  constexpr std::uint64_t kMost = 1'000'000'000'000;
  if (error != std::errc() || scale == 0 || number == 0 || number > kMost / scale) {
    return core::fail(core::invalid_argument("size '" + std::string(text) + "': give a number of bytes, such as 64MB or 1GB"));
  }
  return number * scale;
}

core::Status read_file_option(std::string_view option, Destination& into) {
  const std::size_t equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view{} : option.substr(equals + 1);
  if (name == "size") {
    const auto size = parse_size(value);
    if (!size) return core::fail(size.error());
    into.most_bytes = *size;
    return {};
  }
  if (name == "age") {
    const auto age = core::parse_duration("age", value);
    if (!age) return core::fail(age.error());
    if (*age == core::Micros{0}) return core::fail(core::invalid_argument("age: give a time longer than 0"));
    into.most_age = *age;
    return {};
  }
  return core::fail(
      core::invalid_argument("'" + std::string(option) + "' is no option of a file; accepted: size=64MB and age=1h"));
}

core::Status read_file(std::string_view rest, Destination& into) {
  const std::size_t question = rest.find('?');
  into.path = rest.substr(0, question);
  if (!into.path.starts_with('/') || into.path.ends_with('/')) {
    return core::fail(core::invalid_argument("give the whole path of a file, from / on"));
  }
  if (question == std::string_view::npos) return {};
  for (std::string_view options = rest.substr(question + 1);;) {
    const std::size_t end = options.find('&');
    if (auto read = read_file_option(options.substr(0, end), into); !read) return read;
    if (end == std::string_view::npos) return {};
    options.remove_prefix(end + 1);
  }
}

core::Status read_socket_path(std::string_view rest, Destination& into) {
  into.path = rest;
  if (rest.size() < 2 || (!rest.starts_with('/') && !rest.starts_with('@'))) {
    return core::fail(core::invalid_argument("give the whole path of the socket, from / on, or @NAME for an abstract one"));
  }
  if (rest.size() >= sizeof(sockaddr_un::sun_path)) {
    return core::fail(core::invalid_argument("the path is longer than a socket's may be, " +
                                             std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes"));
  }
  return {};
}

/// `HOST:PORT`, `[V6]:PORT`; without a port `usual` if that is not 0.
core::Status read_host(std::string_view rest, std::uint16_t usual, Destination& into) {
  std::string_view host = rest;
  std::string_view behind;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return core::fail(core::invalid_argument("the address has [ and no ]"));
    host = rest.substr(1, close - 1);
    behind = rest.substr(close + 1);
    const auto address = core::parse_endpoint(std::string(rest.substr(0, close + 1)) + ":1");
    if (!address) return core::fail(core::invalid_argument("'" + std::string(host) + "' is not an IPv6 address"));
  } else {
    const std::size_t colon = rest.find(':');
    host = rest.substr(0, colon);
    if (colon != std::string_view::npos) behind = rest.substr(colon);
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    };
    if (host.empty() || host.size() > 253 || !std::ranges::all_of(host, fits)) {
      return core::fail(core::invalid_argument("'" + std::string(host) +
                                               "' is not a host; give a name, an IPv4 address, or an IPv6 address as [::1]"));
    }
  }
  into.host = host;
  into.port = usual;
  if (behind.empty() && usual != 0) return {};
  if (!behind.starts_with(':')) return core::fail(core::invalid_argument("give a port behind the host, such as HOST:4000"));
  const auto port = core::parse_port("port", behind.substr(1));
  if (!port) return core::fail(port.error());
  into.port = *port;
  return {};
}

core::Status read_url(std::string_view rest, Destination& into) {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  into.target = slash == rest.size() ? "/" : rest.substr(slash);
  if (into.target.find('#') != std::string::npos) return core::fail(core::invalid_argument("a # part is not sent to servers"));
  const std::string_view host = rest.substr(0, slash);
  if (host.find('@') != std::string_view::npos) return core::fail(core::invalid_argument("a name and password are not taken"));
  return read_host(host, into.kind == Kind::http ? 80 : 443, into);
}

core::Status read_rest(std::string_view rest, Destination& into) {
  switch (into.kind) {
    case Kind::file:
      return read_file(rest, into);
    case Kind::unix_stream:
    case Kind::unix_datagram:
      return read_socket_path(rest, into);
    case Kind::http:
    case Kind::https:
      return read_url(rest, into);
    default:
      return read_host(rest, 0, into);
  }
}

std::string host_text(const Destination& destination) {
  const bool is_v6 = destination.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + destination.host + "]" : destination.host) + ":" + std::to_string(destination.port);
}

std::string file_text(const Destination& destination) {
  std::string options;
  if (destination.most_bytes != Destination::kFileBytes) options += "&size=" + std::to_string(destination.most_bytes);
  if (destination.most_age != Destination::kFileAge) options += "&age=" + std::to_string(destination.most_age.count()) + "us";
  if (!options.empty()) options.front() = '?';
  return destination.path + options;
}

}  // namespace

core::Result<Destination> parse_destination(std::string_view text) {
  Destination destination;
  if (text == "stdout") return destination;
  if (text == "stderr") {
    destination.kind = Kind::standard_error;
    return destination;
  }
  const auto scheme = std::ranges::find_if(kSchemes, [text](const auto& known) { return text.starts_with(known.first); });
  if (scheme == kSchemes.end()) return wrong(text, std::string(kAccepted));
  if (!is_printable(text)) return wrong(text, "it holds a space or a character that cannot be printed");
  destination.kind = scheme->second;
  if (auto read = read_rest(text.substr(scheme->first.size()), destination); !read) return wrong(text, read.error().message);
  return destination;
}

std::string to_string(const Destination& destination) {
  if (destination.kind == Kind::standard_output) return "stdout";
  if (destination.kind == Kind::standard_error) return "stderr";
  const auto scheme = std::ranges::find(kSchemes, destination.kind, &std::pair<std::string_view, Kind>::second);
  const std::string name(scheme->first);
  switch (destination.kind) {
    case Kind::file:
      return name + file_text(destination);
    case Kind::unix_stream:
    case Kind::unix_datagram:
      return name + destination.path;
    default:
      return name + host_text(destination) + destination.target;
  }
}

}  // namespace uncork::sink
