#pragma once
// The TCP sockets of another process: listed through /proc, looked at through short-lived duplicates (pidfd_getfd). The process
// is neither stopped nor written to.

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "cure/option.hpp"
#include "cure/process_identity.hpp"

namespace uncork::cure {

/// Names a socket for as long as it lives, whichever descriptors refer to it. `cookie` is SO_COOKIE, which kernels before 5.10
/// count per network namespace, hence `netns`: SO_NETNS_COOKIE (5.14), before that the inode of the process's namespace.
struct SocketId {
  std::uint64_t cookie = 0;
  std::uint64_t netns = 0;

  auto operator<=>(const SocketId&) const = default;
};

/// The kernel's own numbers (include/net/tcp_states.h), as tcp_info.tcpi_state has them.
enum class TcpState : std::uint8_t {
  established = 1,
  syn_sent,
  syn_recv,
  fin_wait1,
  fin_wait2,
  time_wait,
  close,
  close_wait,
  last_ack,
  listen,
  closing,
  new_syn_recv,
};

/// `ESTABLISHED`, `CLOSE_WAIT`, ...
[[nodiscard]] std::string_view to_string(TcpState state);

/// One TCP socket at the moment it was looked at. A value.
struct TcpSocket {
  int fd = -1;  ///< the lowest descriptor of the process that refers to it
  SocketId id;
  core::Endpoint local;
  std::optional<core::Endpoint> remote;  ///< nullopt: not connected
  TcpState state = TcpState::close;
  bool is_set = false;  ///< the option that the ProcessSockets is about

  [[nodiscard]] bool listening() const { return state == TcpState::listen; }
  /// It has, or had until its peer or its owner shut it down, a connection.
  [[nodiscard]] bool connected() const { return remote.has_value() && !listening(); }
};

/// A descriptor that refers to a socket of any kind.
struct SocketFd {
  int fd = -1;
  std::uint64_t inode = 0;
};

/// What a descriptor turned out to be. `socket` is meant for `tcp` only, `inode` for all but `gone`: the actual one, in case the
/// descriptor was reused since it was listed.
struct Inspection {
  enum class Kind { tcp, other, gone };
  Kind kind = Kind::gone;
  std::uint64_t inode = 0;
  TcpSocket socket;
};

/// The inode in `socket:[12345]`, which is what the link of a socket in /proc/PID/fd reads; nullopt for any other file.
[[nodiscard]] std::optional<std::uint64_t> socket_inode(std::string_view link);

/// A running process, held by a pidfd and by its /proc directory: both go on meaning this process when its pid is reused. Moves,
/// never copies; not thread-safe. Errors of all calls are fit to show: not_permitted says which right is missing, not_supported
/// which kernel it takes, not_found that the process is no more.
class ProcessSockets {
 public:
  [[nodiscard]] static core::Result<ProcessSockets> open(pid_t pid, SocketOption option = SocketOption::nodelay);

  [[nodiscard]] const ProcessIdentity& identity() const { return identity_; }
  [[nodiscard]] SocketOption option() const { return option_; }
  [[nodiscard]] bool ended() const;

  /// Every socket once, by its lowest descriptor, in order of descriptors. Costs one readlink a descriptor, duplicates nothing.
  [[nodiscard]] core::Result<std::vector<SocketFd>> list() const;

  [[nodiscard]] core::Result<Inspection> inspect(int fd) const;

  /// A duplicate of the socket, if `socket.fd` still refers to it; nullopt if not. Close it soon: until then the process's own
  /// close() does not end the connection.
  [[nodiscard]] core::Result<std::optional<core::Fd>> duplicate(const TcpSocket& socket) const;

 private:
  ProcessSockets(ProcessIdentity identity, core::Fd pidfd, core::Fd directory, std::uint64_t netns_inode, SocketOption option)
      : identity_(std::move(identity)),
        pidfd_(std::move(pidfd)),
        directory_(std::move(directory)),
        netns_inode_(netns_inode),
        option_(option) {}

  [[nodiscard]] core::Result<std::optional<core::Fd>> duplicate_fd(int fd) const;

  ProcessIdentity identity_;
  core::Fd pidfd_;
  core::Fd directory_;  ///< /proc/pid/fd
  std::uint64_t netns_inode_;
  SocketOption option_;
};

}  // namespace uncork::cure
