#pragma once
// polldevs.cf: the routers that Zino polls. The server needs their names, and the community for COMMUNITY.

#include <map>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::zino {

struct Router {
  std::string name;
  std::string address;
  std::string community = "public";
};

using Routers = std::map<std::string, Router, std::less<>>;

/// Blocks of `key: value` lines between empty lines; `#` begins a comment line; a block with `default KEY: VALUE` sets defaults
/// for those after it. Errors name the line.
[[nodiscard]] core::Result<Routers> parse_polldevs(std::string_view text);

}  // namespace uncork::zino
