#include "cli/collect/arguments.hpp"

#include <cerrno>
#include <cstdlib>

#include "collect/config_file.hpp"

namespace uncork::cli {
namespace {

using collect::Settings;

/// Where a configuration is looked for if none is named; no harm if it is not there.
constexpr const char* kUsualConfig = "/etc/uncork/collect.toml";

}  // namespace

core::Status take_setting(const std::string& name, const std::string& value, Settings& settings) {
  const auto taken = collect::find_setting(name)->take(value, settings);
  if (taken) return {};
  core::Error error = taken.error();
  error.message = "--" + error.message;
  return core::fail(error);
}

core::Result<Settings> settings_of(const CollectArguments& arguments) {
  Settings settings;
  const bool named = !arguments.config.empty();
  const std::string config = named ? arguments.config : kUsualConfig;
  const auto read = collect::read_config_file(config, settings);
  if (!read && (named || read.error().system_errno != ENOENT)) return core::fail(read.error());
  const std::vector<std::string> sinks = std::exchange(settings.sinks, {});
  const auto lookup = [](const char* name) -> const char* { return std::getenv(name); };
  if (auto taken = collect::read_environment(lookup, settings); !taken) return core::fail(taken.error());
  if (settings.sinks.empty()) settings.sinks = sinks;
  auto told = arguments.told;
  if (!arguments.sinks.empty()) settings.sinks.clear();
  for (const std::string& sink : arguments.sinks) told.emplace_back("sink", sink);
  for (const auto& [name, value] : told) {
    if (auto taken = take_setting(name, value, settings); !taken) return core::fail(taken.error());
  }
  return settings;
}

}  // namespace uncork::cli
