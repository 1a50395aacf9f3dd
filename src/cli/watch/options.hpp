#pragma once
// What the command line of `uncork watch` asks for.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "stall/verdict.hpp"

namespace uncork::cli {

/// What a line is of.
enum class WatchBy : std::uint8_t { service, connection, process, peer, container, cgroup };

struct WatchOptions {
  std::optional<WatchBy> by;
  std::int32_t pid = 0;
  bool tree = false;
  std::optional<std::uint16_t> port;
  std::string netns;
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
  [[nodiscard]] bool chooses() const { return pid != 0 || port || !netns.empty(); }
  /// Else the accounts of connections that no filter names begin when something is held on them for the first time.
  [[nodiscard]] bool keeps_whole() const { return shown_by() != WatchBy::connection || all || events || chooses(); }
};

}  // namespace uncork::cli
