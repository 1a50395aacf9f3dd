// WebSocket over a coalescing stream over Beast's own tcp_stream, both ends in one program: ten messages and a close in order.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <uncork/stream.hpp>
#include <uncork/stream/websocket.hpp>
#include <utility>

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using Stream = websocket::stream<uncork::stream::coalescing_stream<boost::beast::tcp_stream>>;

asio::awaitable<void> serve(tcp::acceptor& acceptor) {
  Stream peer(co_await acceptor.async_accept(asio::use_awaitable));
  co_await peer.async_accept(asio::use_awaitable);
  boost::beast::flat_buffer received;
  for (int i = 0; i < 10; ++i) {
    co_await peer.async_read(received, asio::use_awaitable);
    co_await peer.async_write(received.data(), asio::use_awaitable);
    received.clear();
  }
  co_await peer.async_close(websocket::close_code::normal, asio::use_awaitable);
}

asio::awaitable<void> ask(tcp::endpoint server) {
  Stream peer(co_await asio::this_coro::executor);
  co_await peer.next_layer().next_layer().async_connect(server, asio::use_awaitable);
  co_await peer.async_handshake("localhost", "/", asio::use_awaitable);
  boost::beast::flat_buffer received;
  const std::string text = "echo me";
  for (int i = 0; i < 10; ++i) {
    co_await peer.async_write(asio::buffer(text), asio::use_awaitable);
    co_await peer.async_read(received, asio::use_awaitable);
  }
  if (received.size() != 10 * text.size()) throw std::runtime_error("not all that was sent");
  try {
    co_await peer.async_read(received, asio::use_awaitable);
  } catch (const boost::system::system_error& error) {
    if (error.code() != websocket::error::closed) throw;
    std::cout << "ok\n";
  }
}

int main() {
  asio::io_context context(1);
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  const auto end = [](std::exception_ptr failed) {
    if (failed) std::rethrow_exception(failed);
  };
  asio::co_spawn(context, serve(acceptor), end);
  asio::co_spawn(context, ask(acceptor.local_endpoint()), end);
  context.run_for(std::chrono::seconds(20));
}
