// HTTP/1.1 by Boost.Beast over a coalescing stream, with keep-alive and pipelining. Beast writes the header and the body of a
// message one after the other, and answers to pipelined requests one by one; they leave together.
//
//   http_server PORT       listens on 127.0.0.1; port 0 picks a free one, which is printed
//
//   curl http://127.0.0.1:PORT/hello; curl --data something http://127.0.0.1:PORT/echo
//
//   g++ -std=c++20 http_server.cpp -o http_server $(pkg-config --cflags --libs uncork)

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <uncork/stream/coalescing_stream.hpp>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

// Errors come as values where they are a normal end of the conversation.
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

http::response<http::string_body> answer_to(http::request<http::string_body>& request, unsigned number) {
  http::response<http::string_body> response(http::status::ok, request.version());
  response.keep_alive(request.keep_alive());
  response.set(http::field::content_type, "text/plain");
  if (request.target() == "/hello" && request.method() == http::verb::get) {
    response.body() = "hello, this is answer " + std::to_string(number) + " on this connection\n";
  } else if (request.target() == "/echo" && request.method() == http::verb::post) {
    response.body() = std::move(request.body());
  } else {
    response.result(http::status::not_found);
    response.body() = "there are: GET /hello, POST /echo\n";
  }
  response.prepare_payload();
  return response;
}

asio::awaitable<void> converse(tcp::socket socket) {
  uncork::stream::coalescing_stream<tcp::socket> peer(std::move(socket));
  boost::beast::flat_buffer received;
  for (unsigned number = 1;; ++number) {
    http::request<http::string_body> request;
    const auto [error, size] = co_await http::async_read(peer, received, request, kAsTuple);
    if (error == http::error::end_of_stream) break;
    if (error) {
      std::cerr << "a client: " << error.message() << '\n';
      co_return;
    }
    const http::response<http::string_body> response = answer_to(request, number);
    co_await http::async_write(peer, response, asio::use_awaitable);
    if (response.need_eof()) break;
  }
  co_await peer.async_flush(asio::use_awaitable);
  peer.next_layer().shutdown(tcp::socket::shutdown_send);
}

asio::awaitable<void> serve(tcp::acceptor acceptor) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    // A peer that goes away ends its own conversation only.
    asio::co_spawn(acceptor.get_executor(), converse(std::move(socket)), asio::detached);
  }
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = argc == 2 ? port_number(argv[1]) : std::nullopt;
  if (!port) {
    std::cerr << "usage: http_server PORT      a number from 0 to 65535; 0 picks a free port\n";
    return 2;
  }
  try {
    asio::io_context context(1);
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), *port});
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&context](boost::system::error_code, int) { context.stop(); });
    asio::co_spawn(context, serve(std::move(acceptor)), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
    context.run();
  } catch (const boost::system::system_error& error) {
    std::cerr << "http_server: listen on port " << argv[1] << ": " << error.code().message() << '\n';
    return 1;
  }
}
