#pragma once
// What `uncork collect` was told, and the settings that come of it.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collect/settings.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace uncork::cli {

struct CollectArguments {
  std::string config;
  std::vector<std::pair<std::string, std::string>> told;  ///< settings on the command line, in its order
  std::vector<std::string> sinks;                         ///< likewise
  std::optional<core::Micros> duration;
  bool once = false;
  bool dry_run = false;
  bool json = false;
};

/// Takes in one setting as the command line has it.
[[nodiscard]] core::Status take_setting(const std::string& name, const std::string& value, collect::Settings& settings);

/// File, then environment, then command line: each overrules what came before; a list replaces an earlier one.
[[nodiscard]] core::Result<collect::Settings> settings_of(const CollectArguments& arguments);

}  // namespace uncork::cli
