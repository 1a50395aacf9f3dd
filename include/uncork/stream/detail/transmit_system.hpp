#pragma once
// The system calls of a file transmission, as a table, so that a test can let each of them fail.

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

namespace uncork::stream::detail {

/// Each behaves as the call it is named after: -1 and errno, or the result.
struct transmit_system {
  ssize_t (*sendfile)(int socket, int file, off_t* offset, std::size_t count);
  ssize_t (*send)(int socket, const void* bytes, std::size_t count, int flags);
  ssize_t (*pread)(int file, void* bytes, std::size_t count, off_t offset);
  ssize_t (*read)(int file, void* bytes, std::size_t count);
  int (*fstat)(int file, struct stat* status);
  int (*poll)(pollfd* descriptors, nfds_t count, int timeout_ms);
  int (*getsockopt)(int socket, int level, int option, void* value, socklen_t* length);
  int (*setsockopt)(int socket, int level, int option, const void* value, socklen_t length);
  /// Pages of `[offset, offset + length)` in the page cache: cachestat(2), Linux 6.5.
  int (*cached_pages)(int file, std::uint64_t offset, std::uint64_t length, std::uint64_t* pages);
  /// preadv2(2) of one byte with RWF_NOWAIT.
  ssize_t (*peek)(int file, off_t offset);

  /// The kernel's own.
  [[nodiscard]] static const transmit_system& kernel() noexcept;
};

}  // namespace uncork::stream::detail
