#pragma once
// A server that answers each request with the number of small messages that it asks for, all ready in one turn of its event loop,
// as an HTTP/2 server answers many streams at once. How they are written is what the scenario `coalesce` compares.

#include <cstddef>
#include <functional>

#include "core/endpoint.hpp"
#include "core/result.hpp"

namespace uncork::lab {

enum class MessageWrites {
  nagle,     ///< one send a message, TCP_NODELAY off
  nodelay,   ///< one send a message, TCP_NODELAY on
  msg_more,  ///< one send a message, TCP_NODELAY on, MSG_MORE on all but a turn's last
  coalesced  ///< the same program over uncork's coalescing_stream
};
enum class Transport { tcp, tls };

inline constexpr std::size_t kMessageBytes = 64;

struct MessageServerOptions {
  core::Endpoint listen;
  MessageWrites writes = MessageWrites::nodelay;
  Transport transport = Transport::tcp;
};

/// Serves one connection after the other until the process ends; returns only on an error of the listener. A request is a 32-bit
/// number in network order: so many messages are answered. `on_listening` is told the address. Blocking, one thread.
[[nodiscard]] core::Status run_message_server(const MessageServerOptions& options,
                                              const std::function<void(const core::Endpoint&)>& on_listening);

}  // namespace uncork::lab
