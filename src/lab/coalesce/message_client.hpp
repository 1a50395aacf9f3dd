#pragma once
// A blocking client of the message server.

#include <cstdint>
#include <memory>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "lab/coalesce/message_server.hpp"

namespace uncork::lab {

/// One connection, one request at a time. Over TLS the server's certificate is not verified: the lab made it a moment ago, and
/// who the server is, is not the question. Move-only, not thread-safe.
class MessageClient {
 public:
  [[nodiscard]] static core::Result<MessageClient> connect(const core::Endpoint& server, Transport transport);
  MessageClient(MessageClient&&) noexcept;
  MessageClient& operator=(MessageClient&&) noexcept;
  ~MessageClient();

  /// Asks for `messages` messages and reads them all; gives the time that it took. A server that dies ends the wait.
  [[nodiscard]] core::Result<core::Micros> request(std::uint32_t messages);
  /// The port by which the server's end of the connection can be told.
  [[nodiscard]] std::uint16_t local_port() const;

 private:
  struct Connection;
  explicit MessageClient(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace uncork::lab
