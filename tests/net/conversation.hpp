#pragma once
// The two ends of a connection that a net test talks over, and how they talk. Failures throw: GoogleTest reports an exception
// as the test's failure, and a future carries it there from another thread.

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "link/link.hpp"

namespace uncork::net_test {

/// How long an end waits for the other before the test fails: hundreds of times what a loaded machine needs.
inline constexpr std::chrono::seconds kPatience{20};

template <typename T>
T must(core::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Both ends of one connection; blocking sockets that give up after kPatience.
struct Connection {
  core::Fd client;
  core::Fd server;
};

struct ConnectionOptions {
  std::string address = "127.0.0.1:0";  ///< where the server listens
  int send_buffer_bytes = 0;            ///< SO_SNDBUF of the client; 0: the kernel's choice
  int receive_buffer_bytes = 0;         ///< SO_RCVBUF of the server
};

/// Connects within the calling thread's network namespace.
[[nodiscard]] Connection connect_pair(const ConnectionOptions& options = {});

/// The same over a link: the client at its near end, the server at its far one, whatever address the options have.
[[nodiscard]] Connection connect_over(const link::Link& link, ConnectionOptions options = {});

/// The same in two steps, for ends that live in different namespaces.
[[nodiscard]] core::Fd listen_for(const ConnectionOptions& options);
[[nodiscard]] core::Fd connect_to(const core::Endpoint& server, const ConnectionOptions& options = {});
[[nodiscard]] core::Fd accept_from(const core::Fd& listener);

[[nodiscard]] std::uint16_t port_of(const core::Fd& socket);
void set_tcp(const core::Fd& socket, int option, int value);
void set_nodelay(const Connection& connection);

/// One send(2) of that many bytes; more if the socket takes less at once.
void say(const core::Fd& socket, std::size_t bytes, int flags = 0);
/// Receives that many bytes; false if the connection ended before.
bool hear(const core::Fd& socket, std::size_t bytes);

/// Takes that long before it goes on: what a test means by thinking. Never used to wait for something to have happened.
void think(core::Micros time);

/// Runs `server` on a thread of its own and `client` on this one; returns when both have returned. If one throws, the connection
/// is shut down, so that the other ends too.
void converse(const Connection& connection, const std::function<void(const core::Fd&)>& client,
              const std::function<void(const core::Fd&)>& server);

/// The same, that many times over.
void exchange(int times, const Connection& connection, const std::function<void(const core::Fd&)>& client,
              const std::function<void(const core::Fd&)>& server);

}  // namespace uncork::net_test
