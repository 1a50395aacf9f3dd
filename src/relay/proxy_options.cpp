#include "relay/proxy_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace uncork::relay {
namespace {

using core::fail;
using core::invalid_argument;

constexpr core::Micros kLongestDelay = std::chrono::hours(1);
constexpr double kMostBytes = 1e12;  // a terabyte, or one a second: keeps every product of the delay line inside 64 bits
constexpr std::size_t kLeastLimit = 4096;

/// The number at the start of `text`, which loses it; none for "nan", "inf" and whatever is no number.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (err != std::errc{} || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

std::optional<double> factor_of(std::string_view suffix) {
  if (suffix.empty()) return 1.0;
  if (suffix == "k" || suffix == "K") return 1e3;
  if (suffix == "M") return 1e6;
  if (suffix == "G") return 1e9;
  return std::nullopt;
}

std::string quoted(std::string_view argument, std::string_view text) {
  constexpr std::size_t kShown = 40;
  return std::string(argument) + " '" + std::string(text.substr(0, kShown)) + "': ";
}

}  // namespace

std::size_t default_limit(const ProxyOptions& options) {
  constexpr std::size_t kPlain = 256 * 1024;
  constexpr std::size_t kDelayed = 16 * 1024 * 1024;
  const core::Micros longest = options.delay + options.jitter;
  if (longest == core::Micros(0)) return kPlain;
  const double in_flight = static_cast<double>(options.rate_bytes_per_second) * core::to_ms(longest) / 1e3;
  return std::max(kDelayed, static_cast<std::size_t>(in_flight));
}

core::Status check(const ProxyOptions& options) {
  if (options.connect.port == 0) {
    return fail(invalid_argument("--connect " + core::to_string(options.connect) +
                                 ": port 0 cannot be connected to; give the port that the server listens on"));
  }
  if (options.reach == Reach::loopback && !core::is_loopback(options.listen)) {
    return fail(invalid_argument("--listen " + core::to_string(options.listen) +
                                 ": not a loopback address, so other machines could use this proxy; listen on 127.0.0.1, or "
                                 "add --allow-remote if you want that"));
  }
  if (options.limit_bytes != 0 && options.limit_bytes < kLeastLimit) {
    return fail(invalid_argument("--buffer " + std::to_string(options.limit_bytes) + ": too small; the minimum is " +
                                 std::to_string(kLeastLimit) + " bytes"));
  }
  const bool delay_ok = options.delay >= core::Micros(0) && options.delay <= kLongestDelay;
  const bool jitter_ok = options.jitter >= core::Micros(0) && options.jitter <= kLongestDelay;
  if (!delay_ok || !jitter_ok) return fail(invalid_argument("--delay and --jitter: from 0 to an hour"));
  if (static_cast<double>(options.rate_bytes_per_second) > kMostBytes) return fail(invalid_argument("--rate: at most 1000G"));
  return {};
}

core::Result<std::uint64_t> parse_bytes(std::string_view argument, std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(invalid_argument(quoted(argument, text) + std::string(why) +
                                 "; give bytes, with k, M or G for thousands, such as 125000, 64k or 10M"));
  };
  std::string_view rest = text;
  const auto value = take_number(rest);
  if (!value) return refuse("not a number");
  const auto factor = factor_of(rest);
  if (!factor) return refuse("unknown suffix '" + std::string(rest.substr(0, 20)) + "'");
  const double bytes = *value * *factor;
  if (bytes < 1) return refuse("less than one byte");
  if (bytes > kMostBytes) return refuse("more than 1000G");
  return static_cast<std::uint64_t>(std::llround(bytes));
}

core::Result<core::Micros> parse_milliseconds(std::string_view argument, std::string_view text) {
  std::string_view rest = text;
  const auto value = take_number(rest);
  const double longest_ms = core::to_ms(kLongestDelay);
  if (!value || !rest.empty() || !(*value >= 0) || *value > longest_ms) {
    return fail(invalid_argument(quoted(argument, text) + "give milliseconds as a bare number from 0 to 3600000 (an hour)"));
  }
  return core::Micros(static_cast<std::int64_t>(std::llround(*value * 1000)));
}

core::Result<Nagle> parse_nagle(std::string_view argument, std::string_view text) {
  if (text == "on") return Nagle::on;
  if (text == "off") return Nagle::off;
  return fail(invalid_argument(quoted(argument, text) + "give on or off"));
}

core::Result<std::uint64_t> parse_seed(std::string_view argument, std::string_view text) {
  std::uint64_t seed = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (err != std::errc{} || end != text.data() + text.size()) {
    return fail(invalid_argument(quoted(argument, text) + "give a whole number from 0 to 18446744073709551615"));
  }
  return seed;
}

}  // namespace uncork::relay
