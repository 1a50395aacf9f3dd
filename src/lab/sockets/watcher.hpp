#pragma once
// A process that is watched while it works: what it prints, how it ends, what it uses.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::lab {

/// Another program as a child of this one, with pipes behind its output. However it ends is seen: by its exit code or the signal,
/// as waitpid(2) tells, not by what it says. It also ends if the thread that started it does (PR_SET_PDEATHSIG). Move-only; one
/// thread at a time.
class Watcher {
 public:
  /// Runs the program at `path`; it gets `open_files` as its limit of descriptors (0: ours).
  [[nodiscard]] static core::Result<Watcher> start(const std::string& path, const std::vector<std::string>& arguments,
                                                   std::uint64_t open_files = 0);
  Watcher(Watcher&& other) noexcept;
  Watcher& operator=(Watcher&& other) noexcept;
  ~Watcher();

  enum class Event : std::uint8_t {
    line,   ///< a line of its output is in `into`, without the newline
    quiet,  ///< there was none until the deadline
    ended   ///< it has ended, or closed its output and was killed for that: see status()
  };
  [[nodiscard]] core::Result<Event> next(core::Time deadline, std::string& into);

  /// Asks it to end (SIGTERM), and kills it after five seconds. What it still prints is dropped. Gives its status.
  int finish();
  /// At once (SIGKILL).
  int kill();

  /// Of waitpid(2), once it has ended.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// The end of what it wrote to standard error.
  [[nodiscard]] const std::string& said() const { return said_; }

 private:
  Watcher(pid_t pid, core::Fd output, core::Fd errors) : pid_(pid), output_(std::move(output)), errors_(std::move(errors)) {}
  bool take_line(std::string& into);
  void take_errors();
  bool reap(core::Micros patience);
  void end();

  pid_t pid_ = -1;
  int status_ = 0;
  bool reaped_ = false;
  core::Fd output_;
  core::Fd errors_;
  std::string unread_;
  std::size_t searched_ = 0;  // bytes of unread_ without a newline
  std::string said_;
};

/// `exit code 3`, `signal 9 (Killed)`.
[[nodiscard]] std::string end_text(int status);

/// What a process uses now.
struct ProcessSample {
  std::uint64_t rss_kib = 0;
  std::uint64_t threads = 0;
  std::uint64_t descriptors = 0;
};
/// Errors: it is not there any more.
[[nodiscard]] core::Result<ProcessSample> sample_process(pid_t pid);

}  // namespace uncork::lab
