#pragma once
// Runs the program that polls a router.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace uncork::zino {

/// Starts `program ROUTER [IFINDEX]` without a shell and without our descriptors, and does not wait for it. Not thread-safe.
class PollCommand {
 public:
  PollCommand(std::string program, std::function<void(const std::string&)> log)
      : program_(std::move(program)), log_(std::move(log)) {}

  /// The reply to who asked: `200 ok` once it runs.
  std::string start(const std::string& router, std::optional<std::int64_t> ifindex);
  /// Takes notice of programs that have ended; a failure is logged.
  void reap();

 private:
  struct Running {
    pid_t pid;
    std::string router;
  };
  std::string program_;
  std::function<void(const std::string&)> log_;
  std::vector<Running> running_;
};

}  // namespace uncork::zino
