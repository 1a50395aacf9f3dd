#pragma once
// A TCP socket as a layer below a stream, whose sends carry a flag of the moment: MSG_MORE cannot be told to ssl::stream
// otherwise.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

namespace uncork::lab {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// Models AsyncReadStream and AsyncWriteStream. Like the socket it wraps: one thread, moves.
class FlaggedSocket {
 public:
  using executor_type = TcpSocket::executor_type;
  using lowest_layer_type = TcpSocket::lowest_layer_type;

  explicit FlaggedSocket(TcpSocket socket) : socket_(std::move(socket)) {}

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  lowest_layer_type& lowest_layer() noexcept { return socket_.lowest_layer(); }
  /// For every send from now on.
  void set_flags(int flags) { flags_ = flags; }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return socket_.async_send(buffers, flags_, std::forward<Token>(token));
  }

 private:
  TcpSocket socket_;
  int flags_ = 0;
};

}  // namespace uncork::lab
