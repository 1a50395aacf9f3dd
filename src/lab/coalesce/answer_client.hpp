#pragma once
// A blocking client of the answer server.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "lab/coalesce/answer_server.hpp"

namespace uncork::lab {

/// One connection with TCP_NODELAY. Move-only, not thread-safe.
class AnswerClient {
 public:
  [[nodiscard]] static core::Result<AnswerClient> connect(const core::Endpoint& server, AnswerProtocol protocol);

  /// Sends that many requests at once, to be answered in `writes` writes each, and reads all answers; gives the time that it
  /// took. `requests` are few enough for both kernels' buffers. A server that dies ends the wait.
  [[nodiscard]] core::Result<core::Micros> ask(unsigned requests, unsigned writes);
  /// Answers read since the beginning.
  [[nodiscard]] std::uint64_t answers() const { return answers_; }
  /// The port by which the server's end of the connection can be told.
  [[nodiscard]] std::uint16_t local_port() const { return connection_->socket.local_endpoint().port(); }

 private:
  struct Connection {
    Connection(boost::asio::ip::tcp family, int connected) : socket(context, family, connected) {}
    boost::asio::io_context context;  // nothing runs on it: every call here blocks
    boost::asio::ip::tcp::socket socket;
  };
  AnswerClient(std::unique_ptr<Connection> connection, AnswerProtocol protocol);

  std::unique_ptr<Connection> connection_;
  AnswerProtocol protocol_;
  std::size_t answer_size_ = 0;
  std::vector<char> received_ = std::vector<char>(1 << 16);
  std::uint64_t answers_ = 0;
};

}  // namespace uncork::lab
