#pragma once
// System calls, each wrapped once: EINTR is retried, a failure names the attempt. End of file, would-block and timeout are
// values. Blocking calls say so; every one of them takes a deadline or is only used on descriptors that cannot block.

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::core {

/// Runs `call` until it returns anything but -1/EINTR. -1 becomes an Error whose message begins with `attempt`.
template <typename Call>
[[nodiscard]] auto checked(std::string_view attempt, Call call) -> Result<decltype(call())> {
  for (;;) {
    const auto result = call();
    if (result != -1) return result;
    if (errno != EINTR) return fail(system_error(attempt, errno));
  }
}

/// What a read gave: bytes, the end, or nothing yet (non-blocking descriptor or deadline).
struct ReadOutcome {
  enum class Kind { bytes, end, would_block };
  Kind kind = Kind::would_block;
  std::size_t count = 0;
};

[[nodiscard]] Result<Fd> open_file(const std::string& path, int flags, unsigned mode = 0644);
/// One read(2) or recv(2).
[[nodiscard]] Result<ReadOutcome> read_some(const Fd& fd, std::span<std::byte> into, std::string_view attempt = "read");
/// One send(2) without SIGPIPE; the count is 0 when it would block.
[[nodiscard]] Result<std::size_t> send_some(const Fd& fd, std::span<const std::byte> bytes, int flags = 0);
/// Sends all of `bytes` on a blocking socket.
[[nodiscard]] Status send_all(const Fd& fd, std::span<const std::byte> bytes, int flags = 0);
/// Waits until `fd` is readable or `deadline` has passed (false). No deadline: waits for ever.
[[nodiscard]] Result<bool> wait_readable(const Fd& fd, std::optional<Time> deadline);
/// The whole of a small file such as those in /proc, at most `limit` bytes.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit = 1 << 20);

enum class Blocking : bool { no, yes };

/// A TCP socket listening on `at` (port 0: the kernel chooses), close-on-exec, SO_REUSEADDR.
[[nodiscard]] Result<Fd> tcp_listen(const Endpoint& at, int backlog = 128);
/// Accepts one connection from a blocking listener.
[[nodiscard]] Result<Fd> tcp_accept(const Fd& listener);
/// A connected blocking TCP socket.
[[nodiscard]] Result<Fd> tcp_connect(const Endpoint& to);
[[nodiscard]] Result<Endpoint> local_endpoint(const Fd& socket);
[[nodiscard]] Result<Endpoint> peer_endpoint(const Fd& socket);
[[nodiscard]] Status set_option(const Fd& socket, int level, int option, int value);
[[nodiscard]] Result<int> get_option(const Fd& socket, int level, int option);

}  // namespace uncork::core
