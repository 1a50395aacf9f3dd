// Sends lines to echo_server, each once the last is answered, and each in three writes: the pattern that stalls 40 ms a line when
// every write is a send and Nagle's algorithm is on. Says how long it took and in how many sends: about one a line.
//
//   echo_client ADDRESS PORT LINES
//
//   g++ -std=c++20 echo_client.cpp -o echo_client $(pkg-config --cflags --libs uncork)

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <uncork/stream/coalescing_stream.hpp>
#include <utility>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr std::size_t kLongestLine = 64 * 1024;

asio::awaitable<void> converse(tcp::endpoint server, unsigned lines) {
  uncork::stream::coalescing_stream<tcp::socket> peer(co_await asio::this_coro::executor);
  co_await peer.next_layer().async_connect(server, asio::use_awaitable);
  const auto began = std::chrono::steady_clock::now();
  std::string received;
  for (unsigned number = 1; number <= lines; ++number) {
    const std::string digits = std::to_string(number);
    co_await peer.async_write(asio::buffer(std::string_view("line ")), asio::use_awaitable);
    co_await peer.async_write(asio::buffer(digits), asio::use_awaitable);
    co_await peer.async_write(asio::buffer(std::string_view("\n")), asio::use_awaitable);
    const std::size_t size =
        co_await asio::async_read_until(peer, asio::dynamic_buffer(received, kLongestLine), '\n', asio::use_awaitable);
    const std::string expected = "echo: line " + digits + "\n";
    if (received.substr(0, size) != expected) throw std::runtime_error("expected '" + expected + "', received: " + received);
    received.erase(0, size);
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  co_await peer.async_drain(asio::use_awaitable);  // every byte is acknowledged
  std::cout << lines << " lines echoed in " << took.count() << " ms; " << peer.sends() << " sends" << std::endl;
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  const auto port = argc == 4 ? number_in<std::uint16_t>(argv[2]) : std::nullopt;
  const auto lines = argc == 4 ? number_in<unsigned>(argv[3]) : std::nullopt;
  boost::system::error_code wrong;
  const auto address = asio::ip::make_address(argc == 4 ? argv[1] : "", wrong);
  if (!port || !lines || wrong) {
    std::cerr << "usage: echo_client ADDRESS PORT LINES      such as: echo_client 127.0.0.1 7000 1000\n";
    return 2;
  }
  try {
    asio::io_context context(1);
    asio::co_spawn(context, converse({address, *port}, *lines), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
    context.run();
  } catch (const boost::system::system_error& error) {
    std::cerr << "echo_client: " << address << " port " << argv[2] << ": " << error.code().message() << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << "echo_client: " << error.what() << '\n';
    return 1;
  }
}
