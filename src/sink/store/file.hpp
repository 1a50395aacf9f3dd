#pragma once
// The file of a store, before and after SQLite has it: whose it is, whether it is one, and what becomes of a damaged one.

#include <string>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::sink {

/// Keeps other uncork processes from writing into the file as long as it exists; readers do not mind. Makes the file, for this
/// user alone, if there is none. Errors: EBUSY when another writer has it; the folder is not there, or cannot be written to.
///
/// Destroy it after the Database: closing any descriptor of a file drops the locks that SQLite holds on it (fcntl(2)).
class WriterLock {
 public:
  [[nodiscard]] static core::Result<WriterLock> take(const std::string& path);

  /// What the first bytes say.
  enum class Content : std::uint8_t {
    nothing,   ///< an empty file
    database,  ///< SQLite's, as far as one can see
    damaged,   ///< zeros, where a file system lost them, or a header that was ours
    foreign    ///< something else, which is none of our business
  };
  [[nodiscard]] core::Result<Content> content() const;

 private:
  WriterLock(core::Fd fd, const std::string& path) : fd_(std::move(fd)), path_(path) {}

  core::Fd fd_;
  std::string path_;
};

/// Gives a damaged file, and what SQLite keeps beside it, a name that says so and when: `store.db.damaged-20261127T140300Z`. The
/// new name.
[[nodiscard]] core::Result<std::string> move_aside(const std::string& path);

}  // namespace uncork::sink
