// Answers each line with "echo: " and the line. The two parts are writes of their own, as they are in most programs; they leave
// together, so a client that sends line by line never waits for its own delayed ACK.
//
//   echo_server PORT       listens on 127.0.0.1; port 0 picks a free one, which is printed
//
//   g++ -std=c++20 echo_server.cpp -o echo_server $(pkg-config --cflags --libs uncork)

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
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
using asio::ip::tcp;

namespace {

constexpr std::size_t kLongestLine = 64 * 1024;
// Errors come as values where they are a normal end of the conversation.
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> converse(tcp::socket socket) {
  uncork::stream::coalescing_stream<tcp::socket> peer(std::move(socket));
  std::string received;
  for (;;) {
    auto [error, size] = co_await asio::async_read_until(peer, asio::dynamic_buffer(received, kLongestLine), '\n', kAsTuple);
    if (error == asio::error::not_found) std::cerr << "a line of more than " << kLongestLine << " bytes: closed\n";
    if (error) break;
    co_await peer.async_write(asio::buffer(std::string_view("echo: ")), asio::use_awaitable);
    co_await peer.async_write(asio::buffer(received.data(), size), asio::use_awaitable);  // waits while the client does not read
    received.erase(0, size);
  }
  co_await peer.async_flush(kAsTuple);  // the destructor would drop what is accepted and not yet written
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
    std::cerr << "usage: echo_server PORT      a number from 0 to 65535; 0 picks a free port\n";
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
    std::cerr << "echo_server: listen on port " << argv[1] << ": " << error.code().message() << '\n';
    return 1;
  }
}
