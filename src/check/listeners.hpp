#pragma once
// Which end of a connection in a network namespace of our own is the server's.

#include <bitset>
#include <optional>

#include "core/endpoint.hpp"
#include "probe/diag/inet_diag.hpp"

namespace uncork::check {

enum class Role : std::uint8_t { server, client };

/// The ports on which somebody has listened, as far as it was looked. Not thread-safe.
class Listeners {
 public:
  /// Looks in the calling thread's network namespace; as often as rows are taken.
  [[nodiscard]] core::Status look();
  void add(std::uint16_t port) { ports_.set(port); }

  /// Of the end at `local`. If nobody was seen listening at either port (it took less time than between two looks), the kernel's
  /// own habit decides: in a namespace with few sockets connect() takes even ports and bind() to port 0 odd ones (Linux
  /// inet_csk_find_open_port, __inet_hash_connect); else the higher port is the client's.
  [[nodiscard]] Role role_of(const core::Endpoint& local, const core::Endpoint& remote) const;

 private:
  std::bitset<65'536> ports_;
  std::optional<probe::InetDiag> diag_;
  probe::SocketList list_;
};

}  // namespace uncork::check
