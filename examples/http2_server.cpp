// HTTP/2 and HTTP/1.1 on one port. Handlers are callbacks or coroutines; what all of them write in a turn leaves in one send.
//
//   http2_server PORT       listens on 127.0.0.1; port 0 picks a free one, which is printed
//
//   curl --http2-prior-knowledge http://127.0.0.1:PORT/hello; curl --data something http://127.0.0.1:PORT/echo
//
//   g++ -std=c++20 http2_server.cpp -o http2_server $(pkg-config --cflags --libs uncork openssl)

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string_view>
#include <thread>
#include <uncork/http2/server.hpp>
#include <utility>

namespace asio = boost::asio;
namespace http2 = uncork::http2;

namespace {

http2::fields head_of(std::string_view status) {
  http2::fields head;
  head.add(":status", status);
  head.add("content-type", "text/plain");
  return head;
}

// The body goes back as it comes; when the client gives the request up, the coroutine is cancelled.
asio::awaitable<void> echo(http2::exchange& one) {
  one.send_head(head_of("200"));
  std::array<char, 16384> buffer;
  for (;;) {
    const auto [error, size] = co_await one.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    if (error) break;
    co_await asio::async_write(one, asio::buffer(buffer.data(), size), asio::use_awaitable);
  }
  one.finish();
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view text = count == 2 ? arguments[1] : "";
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || wrong != std::errc() || end != text.data() + text.size()) {
    std::cerr << "usage: http2_server PORT\n";
    return 2;
  }
  const http2::handler echoes = http2::coroutine(echo);
  http2::server server(
      [&](http2::exchange one) {
        if (one.path() == "/hello") return one.respond(head_of("200"), "hello\n");
        if (one.path() == "/echo" && one.method() == "POST") return echoes(std::move(one));
        one.respond(head_of("404"), "there are: GET /hello, POST /echo\n");
      },
      {});
  boost::system::error_code error;
  const auto at = server.listen({asio::ip::make_address("127.0.0.1"), port}, error);
  if (error) {
    std::cerr << "http2_server: " << error.message() << '\n';
    return 1;
  }
  std::cout << "listening on 127.0.0.1:" << at.port() << std::endl;

  asio::io_context signals;
  asio::signal_set ended(signals, SIGINT, SIGTERM);
  ended.async_wait([&](boost::system::error_code, int) { server.stop(std::chrono::seconds(5)); });
  std::thread watcher([&] { signals.run(); });
  server.run();
  watcher.join();
  return 0;
}
