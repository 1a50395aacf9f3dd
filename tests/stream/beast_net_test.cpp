// Beast over the coalescing stream: WebSocket with its way of ending a connection, and Beast's own tcp_stream below.

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "uncork/stream/websocket.hpp"

namespace uncork::stream {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using Coalescing = coalescing_stream<tcp::socket>;
using WebSocket = websocket::stream<Coalescing>;

asio::awaitable<void> echo_messages(tcp::socket socket, int& echoed) {
  WebSocket peer(std::move(socket));
  co_await peer.async_accept(asio::use_awaitable);
  beast::flat_buffer received;
  for (;;) {
    const auto [error, size] = co_await peer.async_read(received, asio::as_tuple(asio::use_awaitable));
    if (error == websocket::error::closed) break;
    if (error) throw boost::system::system_error(error);
    co_await peer.async_write(received.data(), asio::use_awaitable);
    received.consume(size);
    ++echoed;
  }
}

asio::awaitable<void> send_messages(tcp::endpoint server, int count) {
  WebSocket peer(co_await asio::this_coro::executor);
  co_await peer.next_layer().next_layer().async_connect(server, asio::use_awaitable);
  co_await peer.async_handshake("localhost", "/", asio::use_awaitable);
  beast::flat_buffer received;
  for (int i = 0; i < count; ++i) {
    const std::string text = "message " + std::to_string(i);
    co_await peer.async_write(asio::buffer(text), asio::use_awaitable);
    co_await peer.async_read(received, asio::use_awaitable);
    if (beast::buffers_to_string(received.data()) != text) throw std::runtime_error("another message than was sent");
    received.clear();
  }
  co_await peer.async_close(websocket::close_code::normal, asio::use_awaitable);
}

TEST(BeastOverCoalescing, websocket_echoes_and_closes_in_order) {
  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  int echoed = 0;
  int ended = 0;
  std::string failed;
  const auto note = [&](const std::exception_ptr& why) {
    ++ended;
    try {
      if (why) std::rethrow_exception(why);
    } catch (const std::exception& error) {
      failed += error.what();
    }
  };
  acceptor.async_accept(
      [&](error_code, tcp::socket socket) { asio::co_spawn(context, echo_messages(std::move(socket), echoed), note); });
  asio::co_spawn(context, send_messages(acceptor.local_endpoint(), 20), note);
  context.run_for(std::chrono::seconds(20));
  EXPECT_EQ(failed, "");
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(echoed, 20);
}

asio::awaitable<void> serve_once(coalescing_stream<beast::tcp_stream>& peer) {
  beast::flat_buffer received;
  http::request<http::empty_body> request;
  co_await http::async_read(peer, received, request, asio::use_awaitable);
  http::response<http::string_body> response(http::status::ok, 11);
  response.body() = "over a tcp_stream";
  response.prepare_payload();
  http::response_serializer<http::string_body> serializer(response);
  co_await http::async_write_header(peer, serializer, asio::use_awaitable);
  co_await http::async_write(peer, serializer, asio::use_awaitable);
  co_await peer.async_drain(asio::use_awaitable);
  co_await peer.async_shutdown(std::chrono::seconds(10), asio::use_awaitable);
}

TEST(BeastOverCoalescing, beasts_tcp_stream_may_be_below) {
  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  tcp::socket client(context);
  client.connect(acceptor.local_endpoint());
  coalescing_stream<beast::tcp_stream> peer(acceptor.accept());
  asio::write(client, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
  std::optional<bool> threw;
  asio::co_spawn(context, serve_once(peer), [&](const std::exception_ptr& why) { threw = why != nullptr; });
  std::string received;
  std::optional<error_code> end;
  asio::async_read(client, asio::dynamic_buffer(received), [&](error_code error, std::size_t) { end = error; });
  context.run_for(std::chrono::seconds(20));
  EXPECT_EQ(threw, false);
  EXPECT_EQ(end, asio::error::eof);
  EXPECT_TRUE(received.ends_with("\r\n\r\nover a tcp_stream")) << received;
  EXPECT_EQ(peer.sends(), 1U);
}

}  // namespace
}  // namespace uncork::stream
