// The echo server over TLS: answers each line with "echo: " and the line, two writes that become one TLS record.
//
//   tls_server PORT CERTIFICATE KEY      PEM files; listens on 127.0.0.1; port 0 picks a free one, which is printed
//
//   g++ -std=c++20 tls_server.cpp -o tls_server $(pkg-config --cflags --libs uncork openssl)

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
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
namespace ssl = asio::ssl;
using asio::ip::tcp;

namespace {

constexpr std::size_t kLongestLine = 64 * 1024;
// Errors come as values where they are a normal end of the conversation.
constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> converse(tcp::socket socket, ssl::context& credentials) {
  // Gathers above TLS: what is written in one turn of the loop becomes one record.
  uncork::stream::coalescing_stream<ssl::stream<tcp::socket>> peer(std::move(socket), credentials);
  co_await peer.next_layer().async_handshake(ssl::stream_base::server, asio::use_awaitable);
  std::string received;
  for (;;) {
    auto [error, size] = co_await asio::async_read_until(peer, asio::dynamic_buffer(received, kLongestLine), '\n', kAsTuple);
    if (error == asio::error::not_found) std::cerr << "a line of more than " << kLongestLine << " bytes: closed\n";
    if (error) break;
    co_await peer.async_write(asio::buffer(std::string_view("echo: ")), asio::use_awaitable);
    co_await peer.async_write(asio::buffer(received.data(), size), asio::use_awaitable);
    received.erase(0, size);
  }
  // What was accepted has to be with TLS before TLS says goodbye.
  co_await peer.async_flush(asio::use_awaitable);
  co_await peer.next_layer().async_shutdown(asio::use_awaitable);
}

asio::awaitable<void> serve(tcp::acceptor acceptor, ssl::context& credentials) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(acceptor.get_executor(), converse(std::move(socket), credentials), [](std::exception_ptr failed) {
      try {
        if (failed) std::rethrow_exception(failed);
      } catch (const boost::system::system_error& error) {  // ends this conversation only
        std::cerr << "a client: " << error.code().message() << '\n';
      }
    });
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
  const auto port = argc == 4 ? port_number(argv[1]) : std::nullopt;
  if (!port) {
    std::cerr << "usage: tls_server PORT CERTIFICATE KEY      port 0 picks a free one; two PEM files\n";
    return 2;
  }
  const char* attempt = "listen on that port";
  try {
    asio::io_context context(1);
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), *port});
    attempt = "read the certificate and its key";
    ssl::context credentials(ssl::context::tls_server);
    credentials.use_certificate_chain_file(argv[2]);
    credentials.use_private_key_file(argv[3], ssl::context::pem);
    attempt = "serve";
    std::cout << "listening on " << acceptor.local_endpoint() << std::endl;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&context](boost::system::error_code, int) { context.stop(); });
    asio::co_spawn(context, serve(std::move(acceptor), credentials), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
    context.run();
  } catch (const boost::system::system_error& error) {
    std::cerr << "tls_server: cannot " << attempt << ": " << error.code().message() << '\n';
    return 1;
  }
}
