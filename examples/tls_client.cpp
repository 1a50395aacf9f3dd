// Sends each line of standard input over TLS, word by word, and prints the line that comes back. The words of a line are writes
// of their own and become one TLS record. Ends at the end of its input; says on standard error how many sends it made.
//
//   tls_client ADDRESS PORT NAME CA      the server's certificate must be for NAME, and signed by one in the PEM file CA
//
//   g++ -std=c++20 tls_client.cpp -o tls_client $(pkg-config --cflags --libs uncork openssl)

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <uncork/stream/coalescing_stream.hpp>
#include <utility>

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using tls_stream = uncork::stream::coalescing_stream<ssl::stream<tcp::socket>>;

namespace {

constexpr std::size_t kLongestLine = 64 * 1024;

asio::awaitable<void> send_words(tls_stream& peer, const std::string& line) {
  std::istringstream words(line);
  std::string word;
  std::string_view before;
  while (words >> word) {
    co_await peer.async_write(asio::buffer(before), asio::use_awaitable);
    co_await peer.async_write(asio::buffer(word), asio::use_awaitable);
    before = " ";
  }
  co_await peer.async_write(asio::buffer(std::string_view("\n")), asio::use_awaitable);
}

asio::awaitable<void> converse(tcp::endpoint server, std::string name, ssl::context& trusted) {
  tls_stream peer(co_await asio::this_coro::executor, trusted);
  co_await peer.lowest_layer().async_connect(server, asio::use_awaitable);
  peer.next_layer().set_verify_mode(ssl::verify_peer);
  peer.next_layer().set_verify_callback(ssl::host_name_verification(name));
  SSL_set_tlsext_host_name(peer.next_layer().native_handle(), name.c_str());
  co_await peer.next_layer().async_handshake(ssl::stream_base::client, asio::use_awaitable);

  std::string received;
  unsigned lines = 0;
  for (std::string line; std::getline(std::cin, line); ++lines) {
    co_await send_words(peer, line);
    const std::size_t size =
        co_await asio::async_read_until(peer, asio::dynamic_buffer(received, kLongestLine), '\n', asio::use_awaitable);
    std::cout << received.substr(0, size) << std::flush;
    received.erase(0, size);
  }
  std::cerr << lines << " lines in " << peer.sends() << " sends\n";
  co_await peer.async_flush(asio::use_awaitable);  // before TLS says goodbye
  co_await peer.next_layer().async_shutdown(asio::use_awaitable);
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = argc == 5 ? port_number(argv[2]) : std::nullopt;
  boost::system::error_code wrong;
  const auto address = asio::ip::make_address(argc == 5 ? argv[1] : "", wrong);
  if (!port || wrong) {
    std::cerr << "usage: tls_client ADDRESS PORT NAME CA      such as: tls_client 127.0.0.1 7000 localhost ca.pem\n";
    return 2;
  }
  try {
    asio::io_context context(1);
    ssl::context trusted(ssl::context::tls_client);
    trusted.load_verify_file(argv[4]);
    asio::co_spawn(context, converse({address, *port}, argv[3], trusted), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
    context.run();
  } catch (const boost::system::system_error& error) {
    std::cerr << "tls_client: " << address << " port " << argv[2] << ": " << error.code().message() << '\n';
    return 1;
  }
}
