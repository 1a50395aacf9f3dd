#pragma once
// Runs the cures that a person has said yes to, beside the screen.

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::cli {

/// `uncork cure ...` as it is printed, by this very program. Its last line is told; one that keeps watching is ended with this
/// object. One thread.
class CureRunner {
 public:
  CureRunner() = default;
  ~CureRunner();
  CureRunner(const CureRunner&) = delete;
  CureRunner& operator=(const CureRunner&) = delete;

  /// Words of `command` are separated by blanks; the first is `uncork`.
  [[nodiscard]] core::Status start(const std::string& command);
  /// What has been said since the last call, a line each.
  [[nodiscard]] std::vector<std::string> take_lines();

  /// The command that takes back what `command` did.
  [[nodiscard]] static std::string undoing(const std::string& command);

 private:
  struct Running {
    pid_t pid = -1;
    core::Fd output;
    std::string unfinished;
  };
  std::vector<Running> running_;
};

}  // namespace uncork::cli
