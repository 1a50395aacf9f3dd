#pragma once
// Where the state files lie: a directory of this user's alone, in which nobody else can plant a file or a link.

#include <sys/types.h>

#include <optional>
#include <string>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "cure/option.hpp"
#include "cure/state_file.hpp"

namespace uncork::cure {

/// $XDG_RUNTIME_DIR/uncork if that variable names a directory of `user`'s that no other may write to (XDG Base Directory
/// Specification), else /run/uncork for root and /tmp/uncork-UID for others. `xdg_runtime_dir` may be null.
[[nodiscard]] std::string state_directory_path(const char* xdg_runtime_dir, uid_t user);
/// The same for this process: its environment and effective user. What was done to acknowledgements lies beside it, in
/// uncork-quickack.
[[nodiscard]] std::string state_directory_path(SocketOption option = SocketOption::nodelay);

/// An open state directory, mode 0700 and owned by the effective user (checked on opening, refused otherwise); files in it are
/// reached through its descriptor, never through a symbolic link, and replaced by rename, so that a reader sees an old file or a
/// new one. Moves, never copies. Errors name the file and the way out.
class StateDirectory {
 public:
  /// Makes the directory if need be; its parent must exist.
  [[nodiscard]] static core::Result<StateDirectory> open(const std::string& path);

  /// Keeps other uncork processes from changing sockets and state at once, until the descriptor closes. Waits at most 5 s.
  [[nodiscard]] core::Result<core::Fd> lock() const;

  /// nullopt: there is none for this pid. A file that is not ours or not readable as one is an error.
  [[nodiscard]] core::Result<std::optional<CureState>> load(pid_t pid) const;
  /// Call with the lock held.
  [[nodiscard]] core::Status save(const CureState& state) const;
  /// Call with the lock held. A file that is not there is no error.
  [[nodiscard]] core::Status remove(pid_t pid) const;

 private:
  StateDirectory(std::string path, core::Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  std::string path_;
  core::Fd fd_;
};

}  // namespace uncork::cure
