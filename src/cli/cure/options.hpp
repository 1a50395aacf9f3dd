#pragma once
// What `uncork cure` was asked for.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "cure/option.hpp"
#include "probe/enrich/container_names.hpp"

namespace uncork::cli {

struct CureArguments {
  std::vector<std::int32_t> pids;
  std::string command;
  std::string cgroup;
  std::string container;
  std::string docker = probe::kDockerSocket;  ///< who is asked for the names of containers
  std::optional<std::uint16_t> port;          ///< alone: whose processes; beside another selector: which of their sockets
  bool tree = false;
  bool watch = false;
  std::optional<core::Micros> watch_for;
  bool quickack = false;  ///< acknowledgements, instead of TCP_NODELAY
  bool undo = false;
  std::optional<core::Micros> trial;  ///< how long
  core::Micros window{0};             ///< 0: chosen by the trial's length
  bool json = false;

  [[nodiscard]] cure::SocketOption option() const {
    return quickack ? cure::SocketOption::quick_acks : cure::SocketOption::nodelay;
  }
  /// The processes are looked for; else their pids were given.
  [[nodiscard]] bool searches() const { return pids.empty() || tree; }
};

}  // namespace uncork::cli
