#include "zino/state/polldevs.hpp"

#include <fmt/format.h>

#include <optional>

#include "zino/protocol/text.hpp"
#include "zino/state/record.hpp"

namespace uncork::zino {
namespace {

using Block = std::map<std::string, std::string>;

constexpr std::string_view kDefault = "default ";

std::unexpected<core::Error> at_line(std::size_t line, std::string_view why) {
  return core::fail(core::invalid_argument(fmt::format("line {}: {}", line, why)));
}

/// A finished block: defaults, or a router.
std::optional<std::string> take_block(Block block, Block& defaults, Polldevs& found, std::size_t line) {
  bool sets_defaults = false;
  for (const auto& [key, value] : block) sets_defaults = sets_defaults || key.starts_with(kDefault);
  if (sets_defaults) {
    for (const auto& [key, value] : block) {
      if (key.starts_with(kDefault)) defaults.insert_or_assign(key.substr(kDefault.size()), value);
    }
    return std::nullopt;
  }
  block.insert(defaults.begin(), defaults.end());
  if (!block.contains("name")) return "a router without a name";
  Router router{block["name"], block["address"]};
  if (!canonical_address(router.address)) return fmt::format("router {}: its address is not an IP address", router.name);
  if (block.contains("community")) router.community = block["community"];
  if (!found.routers.insert_or_assign(router.name, router).second) {
    found.warnings.push_back(fmt::format("line {}: router {} is there already; this one counts", line, router.name));
  }
  return std::nullopt;
}

}  // namespace

core::Result<Polldevs> parse_polldevs(std::string_view text) {
  Polldevs found;
  Block defaults;
  Block block;
  std::size_t first_line = 0;
  std::size_t number = 0;
  if (!is_utf8(text)) return core::fail(core::invalid_argument("not UTF-8"));
  while (!text.empty() || !block.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = strip(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with('#')) {
      if (!text.empty()) continue;
    } else if (!line.empty()) {
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) return at_line(number, "no ':' after a key");
      if (block.empty()) first_line = number;
      const std::string key(strip(line.substr(0, colon)));
      if (!block.insert_or_assign(key, std::string(strip(line.substr(colon + 1)))).second) {
        found.warnings.push_back(fmt::format("line {}: '{}' a second time; this line counts", number, key));
      }
      if (!text.empty()) continue;
    }
    if (block.empty()) continue;
    if (const auto wrong = take_block(std::exchange(block, {}), defaults, found, first_line)) return at_line(first_line, *wrong);
  }
  return found;
}

}  // namespace uncork::zino
