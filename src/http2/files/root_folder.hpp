#pragma once
// The folder whose files are served, and the only way to open one of them.

#include <sys/stat.h>

#include <boost/system/error_code.hpp>
#include <expected>
#include <string>

#include "http2/files/file_descriptor.hpp"

namespace uncork::http2 {

/// Why a folder cannot be served: the errno, and a sentence that names the attempt.
struct SiteError {
  boost::system::error_code code;
  std::string message;
};

/// What is asked of the kernel; tests put failures here. As openat2 with the flags and the resolution of root_folder.cpp: a
/// descriptor, or -1 and errno.
using OpenBeneath = int (*)(int root, const char* name);
[[nodiscard]] int open_beneath_with_kernel(int root, const char* name);

/// An open file or folder and what the kernel says of it.
struct OpenedFile {
  FileDescriptor descriptor;
  struct stat status{};
};

/// A descriptor of the root: the folder may be renamed, and what is then put at its old path is not served. Names are resolved by
/// the kernel, which never leaves the root, whatever symbolic links and renames meanwhile there are (openat2(2),
/// RESOLVE_BENEATH). open() may be called from any number of threads.
class RootFolder {
 public:
  /// Fails where the kernel has no openat2 (before Linux 5.6) or a sandbox forbids it: nothing else would keep names beneath the
  /// root.
  [[nodiscard]] static std::expected<RootFolder, SiteError> open(const std::string& path,
                                                                 OpenBeneath open_beneath = &open_beneath_with_kernel);

  /// For reading; or the errno. `name` is relative, the root itself is ".". Does not wait for a FIFO's other end or a lease's
  /// holder.
  [[nodiscard]] std::expected<OpenedFile, int> open(const char* name) const;

 private:
  RootFolder(FileDescriptor descriptor, OpenBeneath open_beneath)
      : descriptor_(std::move(descriptor)), open_beneath_(open_beneath) {}

  FileDescriptor descriptor_;
  OpenBeneath open_beneath_;
};

}  // namespace uncork::http2
