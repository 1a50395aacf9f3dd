#include "cli/show/target.hpp"

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "cli/verb.hpp"

namespace uncork::cli {
namespace {

std::optional<std::uint64_t> read_number(std::string_view word) {
  std::uint64_t number = 0;
  const auto [end, err] = std::from_chars(word.data(), word.data() + word.size(), number);
  return err == std::errc{} && end == word.data() + word.size() && !word.empty() ? std::optional(number) : std::nullopt;
}

}  // namespace

core::Result<std::vector<sink::Sought>> meanings_of(const std::string& word) {
  if (const auto number = read_number(word)) {
    std::vector<sink::Sought> meanings;
    if (const auto pid = parse_pid("WHAT", word)) meanings.push_back(sink::Sought::process(*pid));
    if (const auto port = core::parse_port("WHAT", word)) meanings.push_back(sink::Sought::port(*port));
    meanings.push_back(sink::Sought::cookie(*number));
    return meanings;
  }
  if (word.starts_with(':')) {
    const auto port = core::parse_port("port", word.substr(1));
    if (!port) return core::fail(port.error());
    return std::vector{sink::Sought::port(*port)};
  }
  const auto end = core::parse_endpoint(word);
  if (end && end->port != 0) return std::vector{sink::Sought::end(*end)};
  return core::fail(core::invalid_argument("WHAT '" + word.substr(0, 80) +
                                           "': accepted: a process by its number, a port as :8001, an end of a connection as "
                                           "127.0.0.1:8001 or [::1]:8001, a socket by its cookie"));
}

}  // namespace uncork::cli
