#pragma once
// Another process under test, mostly uncork itself: a server or a relay with a pid of its own, so that blame has somebody to
// fall on.

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::lab {

/// SIGTERM, SIGKILL if that has not ended it a second later; it is reaped.
void end_child(pid_t child);

/// A running child of this process that listens somewhere. Ends the child (SIGTERM, then SIGKILL after a second) when destroyed;
/// the child also ends if we die (PR_SET_PDEATHSIG), so make it on a thread that lives as long. Move-only, not thread-safe.
class Child {
 public:
  /// Runs this very program with `arguments` and waits (at most 10 s) for its first line of output, which must hold
  /// `listening on ADDRESS`, or `connected from ADDRESS` of one that calls. Its standard error is ours.
  [[nodiscard]] static core::Result<Child> start(const std::vector<std::string>& arguments);
  /// The same with another program, found by its path.
  [[nodiscard]] static core::Result<Child> start_program(const std::string& path, const std::vector<std::string>& arguments);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  /// Ends it in order (SIGTERM, also if it is stopped) and gives what it printed after its first line, in at most a second.
  [[nodiscard]] std::string finish();

  /// The next line that it prints, without its newline; nothing if there is none until `deadline`. An error when it has ended.
  [[nodiscard]] core::Result<std::optional<std::string>> next_line(core::Time deadline);

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// The address of its first line.
  [[nodiscard]] const core::Endpoint& listening() const { return listening_; }

 private:
  [[nodiscard]] static core::Result<Child> start_program(const std::string& path, const std::vector<std::string>& arguments,
                                                         std::string name);
  Child(pid_t pid, core::Fd output) : pid_(pid), output_(std::move(output)) {}
  core::Status read_address();
  void end();

  pid_t pid_ = -1;
  core::Fd output_;
  std::string unread_;  // of its output, behind the first line
  core::Endpoint listening_;
};

}  // namespace uncork::lab
