#pragma once
// Connecting a socket to a destination, in as many calls as it takes.

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "sink/outlet/destination.hpp"

namespace uncork::sink {

/// An address as the kernel takes it. A value.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// Where that destination is: a Unix socket's one address, or all of a host's. A host's name is asked of the name service, which
/// takes the time it takes (resolv.conf(5)); an address is not.
[[nodiscard]] core::Result<std::vector<SocketAddress>> resolve(const Destination& destination);

/// One thread at a time.
class Dialer {
 public:
  explicit Dialer(Destination destination, core::Micros timeout = std::chrono::seconds(10))
      : destination_(std::move(destination)), timeout_(timeout) {}

  /// A connected, non-blocking socket; nothing when `deadline` came first: call again to go on. Each address of the host is
  /// tried, for `timeout` each. An error is the last one's, and the next call begins anew.
  [[nodiscard]] core::Result<std::optional<core::Fd>> dial(core::Time deadline);

  [[nodiscard]] const Destination& destination() const { return destination_; }

 private:
  [[nodiscard]] core::Status begin(const SocketAddress& address);
  [[nodiscard]] core::Result<bool> finish(core::Time deadline);

  Destination destination_;
  core::Micros timeout_;
  std::vector<SocketAddress> left_;  // the next one last
  core::Fd socket_;                  // one that is connecting
  core::Time until_{};
};

}  // namespace uncork::sink
