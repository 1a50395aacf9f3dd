#include "filter/literal.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include "core/endpoint.hpp"
#include "core/nearest.hpp"

namespace uncork::filter {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

/// The first of a size is the one that is printed.
constexpr Unit kTimes[] = {{"ns", 1},
                           {"us", 1'000},
                           {"µs", 1'000},
                           {"ms", 1'000'000},
                           {"s", 1'000'000'000},
                           {"m", 60'000'000'000},
                           {"min", 60'000'000'000},
                           {"h", 3'600'000'000'000}};
constexpr Unit kBytes[] = {{"B", 1},
                           {"kB", 1'000},
                           {"KB", 1'000},
                           {"KiB", 1ULL << 10},
                           {"MB", 1'000'000},
                           {"MiB", 1ULL << 20},
                           {"GB", 1'000'000'000},
                           {"GiB", 1ULL << 30},
                           {"TB", 1'000'000'000'000},
                           {"TiB", 1ULL << 40}};
constexpr Unit kRates[] = {{"bps", 1},
                           {"bit", 1},
                           {"bit/s", 1},
                           {"B/s", 8},
                           {"kbps", 1'000},
                           {"Kbps", 1'000},
                           {"kbit", 1'000},
                           {"Kbit", 1'000},
                           {"kbit/s", 1'000},
                           {"Kbit/s", 1'000},
                           {"kB/s", 8'000},
                           {"KB/s", 8'000},
                           {"KiB/s", 8ULL << 10},
                           {"Mbps", 1'000'000},
                           {"Mbit", 1'000'000},
                           {"Mbit/s", 1'000'000},
                           {"MB/s", 8'000'000},
                           {"MiB/s", 8ULL << 20},
                           {"Gbps", 1'000'000'000},
                           {"Gbit", 1'000'000'000},
                           {"Gbit/s", 1'000'000'000},
                           {"GB/s", 8'000'000'000},
                           {"GiB/s", 8ULL << 30}};

std::span<const Unit> units_of(Quantity quantity) {
  switch (quantity) {
    case Quantity::count:
      return {};
    case Quantity::time:
      return kTimes;
    case Quantity::bytes:
      return kBytes;
    case Quantity::rate:
      return kRates;
  }
  return {};
}

std::string accepted(Quantity quantity) {
  switch (quantity) {
    case Quantity::count:
      return "expected a whole number";
    case Quantity::time:
      return "expected a time with its unit (ns, us, ms, s, m, h), such as 1.5ms";
    case Quantity::bytes:
      return "expected a number of bytes, which may have a unit (B, kB, MB, GB, KiB, MiB, GiB), such as 8KiB";
    case Quantity::rate:
      return "expected a rate with its unit (bps, kbps, Mbps, Gbps, B/s, kB/s, MB/s, MiB/s), such as 10Mbps";
  }
  return "";
}

core::Error refused(std::string_view text, const std::string& why) {
  return core::invalid_argument("'" + std::string(text.substr(0, 40)) + "': " + why);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Decimal {
  std::uint64_t digits = 0;   // without the point
  std::uint64_t divisor = 1;  // 10 to the power of how many stood behind it
  std::string_view unit;
};

std::optional<Decimal> decimal(std::string_view text) {
  Decimal read;
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size() && (is_digit(text[at]) || (text[at] == '.' && !point)); ++at) {
    if (text[at] == '.') {
      point = true;
      continue;
    }
    const auto digit = static_cast<std::uint64_t>(text[at] - '0');
    if (__builtin_mul_overflow(read.digits, std::uint64_t{10}, &read.digits)) return std::nullopt;
    if (__builtin_add_overflow(read.digits, digit, &read.digits)) return std::nullopt;
    if (point && __builtin_mul_overflow(read.divisor, std::uint64_t{10}, &read.divisor)) return std::nullopt;
  }
  if (at == 0 || text[at - 1] == '.') return std::nullopt;
  read.unit = text.substr(std::min(text.find_first_not_of(' ', at), text.size()));
  return read;
}

std::optional<std::uint64_t> hexadecimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return err == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// Those that people have in their heads; others have numbers.
struct Service {
  std::string_view name;
  std::uint16_t port;
};
constexpr Service kServices[] = {{"ssh", 22},          {"telnet", 23}, {"smtp", 25},    {"domain", 53},      {"http", 80},
                                 {"kerberos", 88},     {"pop3", 110},  {"ntp", 123},    {"imap", 143},       {"imap2", 143},
                                 {"bgp", 179},         {"ldap", 389},  {"https", 443},  {"submission", 587}, {"ldaps", 636},
                                 {"rsync", 873},       {"imaps", 993}, {"pop3s", 995},  {"nfs", 2049},       {"mysql", 3306},
                                 {"postgresql", 5432}, {"amqp", 5672}, {"redis", 6379}, {"http-alt", 8080}};

constexpr std::string_view kHosts = "expected an address, such as 10.0.0.0/8, 127.0.0.1:22, [::1]:443 or *:22";

/// Takes `inet:` or `inet6:` off the front.
Host::Family take_family(std::string_view& text) {
  if (text.starts_with("inet6:")) {
    text.remove_prefix(6);
    return Host::Family::v6;
  }
  if (!text.starts_with("inet:")) return Host::Family::any;
  text.remove_prefix(5);
  return Host::Family::v4;
}

struct Parts {
  std::string_view address;
  std::string_view bits;  // what stood behind the slash
  std::string_view port;
  bool has_bits = false;
  bool has_port = false;
};

std::optional<Parts> parts_of(std::string_view text) {
  Parts parts;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    parts.address = text.substr(1, end - 1);
    rest = text.substr(end + 1);
    if (const std::size_t slash = parts.address.find('/'); slash != std::string_view::npos) {  // ss wants the prefix inside
      if (rest.starts_with('/')) return std::nullopt;
      parts.has_bits = true;
      parts.bits = parts.address.substr(slash + 1);
      parts.address = parts.address.substr(0, slash);
    }
  } else {
    const bool bare_v6 = std::ranges::count(text, ':') > 1;  // it can have no port
    const std::size_t end = std::min(text.find_first_of(bare_v6 ? "/" : "/:"), text.size());
    parts.address = text.substr(0, end);
    rest = text.substr(end);
  }
  if (rest.starts_with('/')) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    parts.has_bits = true;
    parts.bits = rest.substr(1, end - 1);
    rest = rest.substr(end);
  }
  if (rest.starts_with(':')) {
    parts.has_port = true;
    parts.port = rest.substr(1);
    rest = {};
  }
  return rest.empty() ? std::optional(parts) : std::nullopt;
}

/// A short IPv4 address with a prefix, such as `10/8`, with its zeros.
std::string whole_v4(std::string_view address) {
  std::string whole(address);
  const auto dots = std::ranges::count(address, '.');
  for (auto i = dots; i < 3 && !address.empty(); ++i) whole += ".0";
  return whole;
}

void keep_bits(std::array<std::uint8_t, 16>& bytes, unsigned bits) {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = bits <= 8 * i ? 0 : std::min(bits - 8 * i, 8U);
    bytes.at(i) &= static_cast<std::uint8_t>(0xFF00U >> kept);
  }
}

bool same_bits(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  if (bits % 8 == 0) return true;
  return ((a.at(whole) ^ b.at(whole)) >> (8 - bits % 8)) == 0;
}

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kMappedBits = 96;

std::array<std::uint8_t, 16> mapped(const std::array<std::uint8_t, 16>& v4) {
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(kMapped, bytes.begin());
  std::copy_n(v4.begin(), 4, bytes.begin() + kMapped.size());
  return bytes;
}

bool is_mapped(const std::array<std::uint8_t, 16>& bytes) { return std::equal(kMapped.begin(), kMapped.end(), bytes.begin()); }

/// The address and its prefix into `host`.
bool read_address(const Parts& parts, Host& host) {
  const bool v6 = parts.address.find(':') != std::string_view::npos;
  if ((v6 ? Host::Family::v4 : Host::Family::v6) == host.family) return false;
  const std::string address = v6 || !parts.has_bits ? std::string(parts.address) : whole_v4(parts.address);
  const auto endpoint = core::parse_endpoint(v6 ? "[" + address + "]:1" : address + ":1");
  if (!endpoint || parts.address == "localhost") return false;
  host.family = v6 ? Host::Family::v6 : Host::Family::v4;
  const unsigned most = v6 ? 128 : 32;
  unsigned bits = most;
  if (parts.has_bits) {
    const auto [end, err] = std::from_chars(parts.bits.data(), parts.bits.data() + parts.bits.size(), bits);
    if (err != std::errc{} || end != parts.bits.data() + parts.bits.size() || bits > most) return false;
  }
  host.bytes = v6 ? endpoint->bytes : mapped(endpoint->bytes);
  host.bits = static_cast<std::uint8_t>(v6 ? bits : kMappedBits + bits);
  keep_bits(host.bytes, host.bits);
  return true;
}

}  // namespace

bool is_number(std::string_view text) { return !text.empty() && is_digit(text.front()); }

bool is_unit(Quantity quantity, std::string_view word) {
  const auto units = units_of(quantity);
  return std::ranges::find(units, word, &Unit::name) != units.end();
}

core::Result<std::uint64_t> parse_quantity(Quantity quantity, std::string_view text) {
  if (text.starts_with("0x") && quantity == Quantity::count) {
    if (const auto value = hexadecimal(text.substr(2))) return *value;
    return core::fail(refused(text, accepted(quantity)));
  }
  const auto read = decimal(text);
  if (!read) return core::fail(refused(text, accepted(quantity)));
  std::uint64_t size = 1;
  if (!read->unit.empty()) {
    const auto units = units_of(quantity);
    const auto unit = std::ranges::find(units, read->unit, &Unit::name);
    if (unit == units.end()) return core::fail(refused(text, accepted(quantity)));
    size = unit->size;
  } else if ((quantity == Quantity::time || quantity == Quantity::rate) && read->digits != 0) {
    return core::fail(refused(text, accepted(quantity)));
  }
  std::uint64_t value = 0;
  if (__builtin_mul_overflow(read->digits, size, &value)) return core::fail(refused(text, "more than can be counted"));
  if (value % read->divisor != 0) return core::fail(refused(text, "finer than can be counted"));
  return value / read->divisor;
}

std::string to_string(Quantity quantity, std::uint64_t value) {
  const Unit* best = nullptr;
  for (const Unit& unit : units_of(quantity)) {
    const bool better = best == nullptr || unit.size > best->size;
    if (value % unit.size == 0 && better) best = &unit;
  }
  if (best == nullptr || value == 0) return std::to_string(value);
  return std::to_string(value / best->size) + std::string(best->name);
}

core::Result<std::uint16_t> parse_port(std::string_view text) {
  const std::string_view name = text.starts_with(':') ? text.substr(1) : text;
  const auto* const service = std::ranges::find(kServices, name, &Service::name);
  if (service != std::end(kServices)) return service->port;
  const auto port = core::parse_port("", name, true);
  if (port) return *port;
  std::vector<std::string> names;
  for (const Service& known : kServices) names.emplace_back(known.name);
  const std::string near = is_number(name) ? "" : core::nearest(name, names);
  return core::fail(refused(text, near.empty() ? "expected a port from 0 to 65535, such as :443"
                                               : "no service of this name; did you mean '" + near + "'?"));
}

core::Result<Host> parse_host(std::string_view text) {
  std::string_view rest = text;
  Host host;
  host.family = take_family(rest);
  host.only_v4 = host.family == Host::Family::v4;
  const auto parts = parts_of(rest);
  const bool wildcard = parts && (parts->address.empty() || parts->address == "*") && !parts->has_bits;
  const bool empty = parts && parts->address.empty() && !parts->has_port;
  if (!parts || empty) return core::fail(refused(text, std::string(kHosts)));
  if (!wildcard && !read_address(*parts, host)) return core::fail(refused(text, std::string(kHosts)));
  if (parts->has_port && parts->port != "*") {
    const auto port = parse_port(parts->port);
    if (!port) return core::fail(port.error());
    host.port = *port;
  }
  return host;
}

std::string to_string(const Host& host) {
  std::string text;
  const bool v4 = host.family == Host::Family::v4;
  if (host.family == Host::Family::any || host.bits == 0) {
    text = v4 ? "*" : host.family == Host::Family::v6 ? "inet6:*" : "*";
  } else {
    core::Endpoint endpoint;
    endpoint.family = v4 ? core::Endpoint::Family::v4 : core::Endpoint::Family::v6;
    if (v4) {
      std::copy_n(host.bytes.begin() + kMapped.size(), 4, endpoint.bytes.begin());
    } else {
      endpoint.bytes = host.bytes;
    }
    const bool mapped_v6 = !v4 && is_mapped(host.bytes);  // which is shown as IPv4
    const std::string shown = core::to_string(endpoint);
    text = shown.substr(0, shown.rfind(':'));
    if (mapped_v6) text = "[::ffff:" + text + "]";
    const unsigned bits = v4 ? host.bits - kMappedBits : host.bits;
    if (bits != (v4 ? 32U : 128U)) text += "/" + std::to_string(bits);
  }
  if (host.only_v4) text.insert(0, "inet:");
  return host.port ? text + ":" + std::to_string(*host.port) : text;
}

bool contains(const Host& host, Host::Family family, const std::array<std::uint8_t, 16>& address, std::uint32_t port) {
  if (host.port && *host.port != port) return false;
  const auto bytes = family == Host::Family::v4 ? mapped(address) : address;
  if (host.family == Host::Family::v4 && !is_mapped(bytes)) return false;
  if (host.only_v4 && family != Host::Family::v4) return false;
  if (host.family == Host::Family::v6 && family != Host::Family::v6) return false;
  return same_bits(host.bytes, bytes, host.bits);
}

}  // namespace uncork::filter
