#pragma once
// The cure of a running process: an option set on its sockets from outside, and put back.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/endpoint.hpp"
#include "core/error.hpp"
#include "core/result.hpp"
#include "cure/process_sockets.hpp"
#include "cure/state_directory.hpp"

namespace uncork::cure {

/// What to cure, and whether to remember it.
struct CureOptions {
  std::optional<std::uint16_t> port;  ///< only sockets with this local or remote port
  std::optional<std::string>
      state_directory;  ///< state_directory_path(option), or nullopt: nothing is recorded, so nothing can be undone
  SocketOption option = SocketOption::nodelay;
};

/// One TCP socket before and after. `changed` is false for a socket left alone: it had the option already, listens, or is not
/// connected.
struct SocketOutcome {
  TcpSocket socket;  ///< as it was before
  bool set_after = false;
  bool changed = false;
};

/// What one pass did.
struct CureReport {
  pid_t pid = 0;
  std::vector<SocketOutcome> sockets{};  ///< in order of descriptors
  std::vector<TcpSocket> set_again{};    ///< the program had taken the option off since an earlier pass
  std::vector<core::Error> problems{};   ///< sockets that could not be changed; the others were
  std::size_t changed = 0;
  std::size_t undone = 0;
  bool process_ended = false;  ///< while we were at it; the report holds what was done until then
};

/// Cures a process pass by pass; each pass looks only at sockets that no earlier pass has dealt with, and at kRechecks of those
/// that one has, in turn: a program may take the option off again. Listeners are left alone: a connection accepted from a cured
/// one would inherit the option, and an undo could not tell it from one whose program had set it. What will be changed is
/// recorded before it is changed, so that an undo is exact even after a crash. Moves, never copies; not thread-safe. Errors are
/// those of ProcessSockets and StateDirectory.
class Watcher {
 public:
  [[nodiscard]] static core::Result<Watcher> start(pid_t pid, CureOptions options);

  /// Some 10 us each; with 2,000 connections they take a watch from 6 to 8 % of a CPU.
  static constexpr std::size_t kRechecks = 32;

  /// One pass. A socket that is not connected is left for a later pass, when it may be.
  [[nodiscard]] core::Result<CureReport> scan();

  [[nodiscard]] bool ended() const { return process_.ended(); }

  /// The sockets that the last pass left because they are not connected and that match the port.
  [[nodiscard]] const std::vector<TcpSocket>& waiting() const { return waiting_; }

 private:
  Watcher(ProcessSockets process, CureOptions options, std::optional<StateDirectory> states)
      : process_(std::move(process)), options_(std::move(options)), states_(std::move(states)) {}

  struct Known {
    std::optional<SocketId> id;  ///< nullopt: not TCP
    bool settled = false;        ///< no pass needs to look for the first time
    bool kept_on = false;        ///< a wanted connection that has the option, as far as we know
    bool recorded = false;       ///< since we set the option
    int fd = -1;                 ///< as of the last pass
  };
  [[nodiscard]] core::Status look(CureReport& report);
  [[nodiscard]] core::Status look_again();
  [[nodiscard]] core::Status change(CureReport& report);
  [[nodiscard]] core::Status record(const CureReport& report);
  void set_again(CureReport& report);
  void settle(const SocketId& id, bool changed);
  [[nodiscard]] core::Status unrecord(const std::set<SocketId>& unchanged) const;
  [[nodiscard]] core::Status forget_process() const;

  ProcessSockets process_;
  CureOptions options_;
  std::optional<StateDirectory> states_;
  std::map<std::uint64_t, Known> known_;      ///< by inode; only sockets that the last pass saw
  std::map<SocketId, std::uint64_t> inodes_;  ///< of the connections in the report of this pass, and of cleared_
  std::uint64_t checked_last_ = 0;            ///< the inode at which the last look_again() ended
  std::vector<TcpSocket> cleared_;            ///< what it found
  std::vector<TcpSocket> waiting_;
  bool complete_ = false;  ///< the last pass could look at every socket it listed
};

/// Sets the option on the connected TCP sockets of the process, once. The report also holds those left alone.
[[nodiscard]] core::Result<CureReport> cure_process(pid_t pid, const CureOptions& options);

/// Takes the option off the sockets on which earlier cures of this very process set it and which still have it. Nothing left to
/// undo is an empty report. Sockets that the process no longer holds are forgotten. `options.state_directory` must be set.
[[nodiscard]] core::Result<CureReport> undo_process(pid_t pid, const CureOptions& options);

}  // namespace uncork::cure
