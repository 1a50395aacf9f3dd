#pragma once
// polldevs.cf: the routers that Zino polls. The server needs their names, and the community for COMMUNITY.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace uncork::zino {

struct Router {
  std::string name;
  std::string address;
  std::string community = "public";
};

using Routers = std::map<std::string, Router, std::less<>>;

struct Polldevs {
  Routers routers;
  std::vector<std::string> warnings;
};

/// Blocks of `key: value` lines between empty lines; `#` begins a comment line; a block with `default KEY: VALUE` sets defaults
/// for those after it. Errors name the line. Of two keys of a block, or routers of one name, the later counts, with a warning.
[[nodiscard]] core::Result<Polldevs> parse_polldevs(std::string_view text);

}  // namespace uncork::zino
