#pragma once
// What the command line of `uncork watch` asks for.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "filter/literal.hpp"
#include "stall/event.hpp"
#include "stall/verdict.hpp"

namespace uncork::cli {

/// What a line is of.
enum class WatchBy : std::uint8_t { service, connection, process, peer, container, cgroup };
/// `service`, `process`, `peer`.
[[nodiscard]] std::string_view name(WatchBy by);

struct WatchOptions {
  std::optional<WatchBy> by;
  std::int32_t pid = 0;
  bool tree = false;
  std::optional<std::uint16_t> port;
  std::string netns;
  std::string comm;
  std::optional<filter::Host> remote;
  std::optional<stall::Role> side;
  std::string cgroup;     ///< a path in the hierarchy of version 2; of a container, once it has been found
  std::string container;  ///< id or name
  std::optional<stall::Cause> cause;
  std::string filter;
  std::vector<std::string> command;  ///< is run, and watched with all that it starts; empty: none
  std::optional<core::Micros> duration;
  bool once = false;
  std::size_t top = 20;
  std::size_t most_services = 1024;
  stall::Threshold threshold;
  double min_share_percent = 100 * stall::Threshold{}.least_share;
  bool all = false;
  bool json = false;
  bool events = false;

  /// Events are of connections.
  [[nodiscard]] WatchBy shown_by() const { return by.value_or(events ? WatchBy::connection : WatchBy::service); }
};

}  // namespace uncork::cli
