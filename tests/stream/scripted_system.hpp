#pragma once
// A kernel for one transmission that does what the test says and writes down what it was asked.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "uncork/stream/detail/transmit_system.hpp"

namespace uncork::stream::testing_transmit {

/// Byte `at` of every scripted file.
inline char byte_at(std::uint64_t at) { return static_cast<char>('a' + at % 23); }
inline std::string bytes_at(std::uint64_t from, std::size_t count) {
  std::string text(count, '\0');
  for (std::size_t i = 0; i < count; ++i) text[i] = byte_at(from + i);
  return text;
}

/// One at a time. The system calls of table() act on it.
class ScriptedSystem {
 public:
  ScriptedSystem() { current() = this; }
  void start_again() {
    *this = ScriptedSystem();
    current() = this;
  }

  // The world.
  std::uint64_t file_size = 0;  ///< readable bytes
  std::uint64_t stat_size = 0;  ///< what fstat says; set by is_file()
  mode_t mode = S_IFREG;
  bool sendfile_takes_it = true;
  bool cachestat_known = true;
  std::uint64_t cached_until = UINT64_MAX;
  std::size_t room = SIZE_MAX;      ///< of the send buffer
  std::size_t readable = SIZE_MAX;  ///< of a pipe, until it would block
  std::size_t most_a_call = SIZE_MAX;
  std::optional<std::size_t> failing_call;  ///< this one, counted from 0, fails
  int failing_errno = 0;

  // What came of it.
  std::vector<std::string> calls;  ///< those that move bytes or set options, with their figures
  std::vector<std::string> names;  ///< of every call
  std::string arrived;
  bool corked = false;
  bool nodelay = false;
  bool asked_for_nothing = false;  ///< a transfer of no byte was tried

  void is_file(std::uint64_t size) { file_size = stat_size = size; }

  static const detail::transmit_system& table() {
    static const detail::transmit_system kTable = {
        [](int, int, off_t* at, std::size_t count) { return current()->sendfile(static_cast<std::uint64_t>(*at), count); },
        [](int, const void* bytes, std::size_t count, int flags) { return current()->send(bytes, count, flags); },
        [](int, void* into, std::size_t count, off_t at) {
          return current()->give("pread", into, count, static_cast<std::uint64_t>(at));
        },
        [](int, void* into, std::size_t count) { return current()->read(into, count); },
        [](int, struct stat* status) { return current()->fstat(status); },
        [](pollfd* fds, nfds_t, int) { return current()->poll(fds); },
        [](int, int, int option, void* value, socklen_t*) { return current()->getsockopt(option, value); },
        [](int, int, int option, const void* value, socklen_t) { return current()->setsockopt(option, value); },
        [](int, std::uint64_t from, std::uint64_t count, std::uint64_t* pages) { return current()->cached(from, count, pages); },
        [](int, off_t at) { return current()->peek(static_cast<std::uint64_t>(at)); }};
    return kTable;
  }

 private:
  static ScriptedSystem*& current() {
    static ScriptedSystem* system = nullptr;
    return system;
  }

  bool fails(const char* name) {
    names.emplace_back(name);
    if (failing_call != names.size() - 1) return false;
    errno = failing_errno;
    return true;
  }

  ssize_t take(std::uint64_t from, std::size_t count, const std::string& name) {
    if (count == 0) asked_for_nothing = true;
    count = std::min({count, room, most_a_call});
    if (count == 0) {
      errno = EAGAIN;
      return -1;
    }
    if (room != SIZE_MAX) room -= count;
    arrived += bytes_at(from, count);
    calls.push_back(name + " " + std::to_string(count));
    return static_cast<ssize_t>(count);
  }

  ssize_t sendfile(std::uint64_t at, std::size_t count) {
    if (fails("sendfile")) return -1;
    if (!sendfile_takes_it) {
      errno = EINVAL;
      return -1;
    }
    if (at >= file_size) return 0;
    return take(at, std::min<std::uint64_t>(count, file_size - at), "sendfile");
  }

  ssize_t send(const void* bytes, std::size_t count, int flags) {
    if (fails("send")) return -1;
    if ((flags & MSG_NOSIGNAL) == 0) asked_for_nothing = true;
    const std::size_t before = arrived.size();
    const ssize_t sent = take(0, count, "send");
    if (sent > 0) arrived.replace(before, std::string::npos, static_cast<const char*>(bytes), static_cast<std::size_t>(sent));
    return sent;
  }

  ssize_t give(const char* name, void* into, std::size_t count, std::uint64_t at) {
    if (fails(name)) return -1;
    if (count == 0) asked_for_nothing = true;
    const std::string bytes =
        at >= file_size ? "" : bytes_at(at, std::min({std::uint64_t{count}, file_size - at, std::uint64_t{most_a_call}}));
    std::ranges::copy(bytes, static_cast<char*>(into));
    return static_cast<ssize_t>(bytes.size());
  }

  ssize_t read(void* into, std::size_t count) {
    const ssize_t got = give("read", into, std::min(count, readable), read_so_far_);
    if (got > 0) read_so_far_ += static_cast<std::uint64_t>(got);
    if (got > 0 && readable != SIZE_MAX) readable -= static_cast<std::size_t>(got);
    return got;
  }

  int fstat(struct stat* status) {
    if (fails("fstat")) return -1;
    *status = {};
    status->st_mode = mode;
    status->st_size = static_cast<off_t>(stat_size);
    return 0;
  }

  int poll(pollfd* fds) {
    if (fails("poll")) return -1;
    fds->revents = readable > 0 ? POLLIN : 0;
    return readable > 0 ? 1 : 0;
  }

  int getsockopt(int option, void* value) {
    if (fails("getsockopt")) return -1;
    *static_cast<int*>(value) = option == TCP_CORK ? corked : nodelay;
    return 0;
  }

  int setsockopt(int option, const void* value) {
    if (fails("setsockopt")) return -1;
    const bool on = *static_cast<const int*>(value) != 0;
    (option == TCP_CORK ? corked : nodelay) = on;
    calls.emplace_back(option == TCP_CORK ? (on ? "cork" : "uncork") : "nodelay");
    return 0;
  }

  int cached(std::uint64_t from, std::uint64_t count, std::uint64_t* pages) {
    if (fails("cachestat")) return -1;
    if (!cachestat_known) {
      errno = ENOSYS;
      return -1;
    }
    const std::uint64_t to = std::min(from + count, cached_until);
    *pages = to <= from ? 0 : (to - 1) / 4096 - from / 4096 + 1;
    return 0;
  }

  ssize_t peek(std::uint64_t at) {
    if (fails("preadv2")) return -1;
    if (at < cached_until) return 1;
    errno = EAGAIN;
    return -1;
  }

  std::uint64_t read_so_far_ = 0;
};

}  // namespace uncork::stream::testing_transmit
