#pragma once
// Removes the names of network namespaces that a process leaves behind, however it ends.

#include <sys/types.h>

#include <string>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::lab {

/// A process of its own that knows which names its maker has mounted. When the maker destroys this object, or ends in any way
/// (SIGKILL too), it unmounts and deletes those that are left, and ends. It heeds no signal but SIGKILL. Make it while there is
/// one thread; afterwards any one thread at a time may use it. Move-only.
class Janitor {
 public:
  [[nodiscard]] static core::Result<Janitor> start();
  Janitor(Janitor&& other) noexcept;
  Janitor& operator=(Janitor&&) = delete;
  /// Waits until all is tidy.
  ~Janitor();

  /// `path` is about to be ours; and is not there any more. Without a newline.
  [[nodiscard]] core::Status note_made(const std::string& path) { return tell('+', path); }
  [[nodiscard]] core::Status note_removed(const std::string& path) { return tell('-', path); }

 private:
  Janitor(pid_t pid, core::Fd pipe) : pid_(pid), pipe_(std::move(pipe)) {}
  core::Status tell(char what, const std::string& path);

  pid_t pid_ = -1;
  core::Fd pipe_;
};

/// Unmounts and deletes one name, as ip-netns(8) does; what is not there is no error.
void remove_name(const std::string& path);

}  // namespace uncork::lab
