// A handler that was written for Boost.Beast's messages, as it is, on HTTP/2 and HTTP/1.1 at once.
//
//   beast_ported PORT      listens on 127.0.0.1; port 0 picks a free one, which is printed
//
//   curl --http2-prior-knowledge --data something http://127.0.0.1:PORT/echo
//
//   g++ -std=c++20 beast_ported.cpp -o beast_ported $(pkg-config --cflags --libs uncork openssl)

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <uncork/http2/beast.hpp>
#include <uncork/http2/server.hpp>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace http2 = uncork::http2;

namespace {

// ---- what was there before: it knows nothing of HTTP/2 ---------------------------------------------------------------

http::response<http::string_body> handle(http::request<http::string_body> request) {
  http::response<http::string_body> response(http::status::ok, request.version());
  response.set(http::field::content_type, "text/plain");
  response.keep_alive(request.keep_alive());
  if (request.method() == http::verb::get && request.target() == "/cookies") {
    response.insert(http::field::set_cookie, "a=1");
    response.insert(http::field::set_cookie, "b=2");
    response.body() = std::string(request[http::field::cookie]) + '\n';
  } else if (request.method() == http::verb::post && request.target() == "/echo") {
    response.body() = std::move(request.body());
  } else {
    response.result(http::status::not_found);
    response.body() = "there are: GET /cookies, POST /echo; not at " + std::string(request[http::field::host]) + '\n';
  }
  response.prepare_payload();
  return response;
}

// ---- what is new: from the one to the other and back -----------------------------------------------------------------

void respond(http2::exchange& one, std::string_view status) {
  http2::fields head;
  head.add(":status", status);
  one.respond(head);
}

asio::awaitable<void> serve(http2::exchange& one) {
  constexpr std::size_t kMostBytes = std::size_t{1024} * 1024;
  std::string body;
  std::array<char, 16384> buffer;
  for (;;) {
    const auto [error, size] = co_await one.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::eof) break;
    if (error) co_return;
    if (body.size() + size > kMostBytes) co_return respond(one, "413");
    body.append(buffer.data(), size);
  }
  boost::system::error_code error;
  http2::beast_request request;
  http2::to_beast(one.request(), std::move(body), request, error);
  if (error) co_return respond(one, "400");
  const http2::beast_response response = handle(std::move(request));
  const http2::fields head = http2::from_beast(response, error);
  if (error) co_return respond(one, "500");
  one.respond(head, response.body());
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view text = count == 2 ? arguments[1] : "";
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || wrong != std::errc() || end != text.data() + text.size()) {
    std::cerr << "usage: beast_ported PORT\n";
    return 2;
  }
  http2::server server(http2::coroutine(serve), {});
  boost::system::error_code error;
  const auto at = server.listen({asio::ip::make_address("127.0.0.1"), port}, error);
  if (error) {
    std::cerr << "beast_ported: " << error.message() << '\n';
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
