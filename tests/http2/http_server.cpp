// The server of HTTP/2 for those who test servers: h2spec, browsers, load generators.
//
// usage: http_server [--tls CERTIFICATE KEY] [--only-http2] [--threads N] PORT; listens on 127.0.0.1 and says so in one line.
// /echo gives the body back as it comes, with a trailer; /slow answers after a second; /big is 10 MB; everything else a short
// text, once the request has come as a whole.

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "uncork/http2/server.hpp"

namespace asio = boost::asio;
namespace http2 = uncork::http2;

namespace {

http2::fields head_of(std::string_view status, std::string_view type) {
  http2::fields head;
  head.add(":status", status);
  head.add("content-type", type);
  return head;
}

asio::awaitable<void> echo(http2::exchange& one) {
  one.send_head(head_of("200", "application/octet-stream"));
  std::array<char, 16384> buffer;
  std::size_t all = 0;
  for (;;) {
    boost::system::error_code error;
    const std::size_t size = co_await one.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    all += size;
    co_await asio::async_write(one, asio::buffer(buffer.data(), size), asio::use_awaitable);
  }
  http2::fields trailers;
  trailers.add("echoed-bytes", std::to_string(all));
  one.finish(trailers);
}

asio::awaitable<void> answer_when_whole(http2::exchange& one) {
  std::array<char, 16384> ignored;
  boost::system::error_code error;
  while (!error) co_await one.async_read_some(asio::buffer(ignored), asio::redirect_error(asio::use_awaitable, error));
  if (error == asio::error::eof) one.respond(head_of("200", "text/plain"), "Hello world!");
}

asio::awaitable<void> answer_later(http2::exchange& one) {
  std::printf("request /slow\n");
  std::fflush(stdout);
  asio::steady_timer wait(one.get_executor(), std::chrono::seconds(1));
  co_await wait.async_wait(asio::use_awaitable);
  one.respond(head_of("200", "text/plain"), "late\n");
}

}  // namespace

int main(int count, char** arguments) {
  http2::server_options options;
  asio::ssl::context tls(asio::ssl::context::tls_server);
  int port = 0;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = arguments[i];
    if (word == "--tls" && i + 2 < count) {
      tls.use_certificate_chain_file(arguments[i + 1]);
      tls.use_private_key_file(arguments[i + 2], asio::ssl::context::pem);
      options.tls = &tls;
      i += 2;
    } else if (word == "--only-http2") {
      options.http1 = false;
    } else if (word == "--threads" && i + 1 < count) {
      options.threads = static_cast<unsigned>(std::atoi(arguments[++i]));
    } else {
      port = std::atoi(arguments[i]);
    }
  }
  if (options.tls != nullptr) http2::set_up_server_tls(tls, options.http1);

  const http2::handler echoes = http2::coroutine(echo);
  const http2::handler slow = http2::coroutine(answer_later);
  const http2::handler patient = http2::coroutine(answer_when_whole);
  const std::string big(10'000'000, 'x');
  const http2::fields head = head_of("200", "text/plain");
  http2::server server(
      [&](http2::exchange one) {
        const std::string_view path = one.path();
        if (path == "/echo") return echoes(std::move(one));
        if (path == "/slow") return slow(std::move(one));
        if (!one.is_request_whole()) return patient(std::move(one));
        one.respond(head, path == "/big" ? std::string_view(big) : "Hello world!");
      },
      options);
  boost::system::error_code error;
  const auto at = server.listen({asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)}, error);
  if (error) {
    std::fprintf(stderr, "http_server: %s\n", error.message().c_str());
    return 1;
  }
  std::printf("listening on 127.0.0.1:%d\n", at.port());
  std::fflush(stdout);

  asio::io_context signals;
  asio::signal_set ended(signals, SIGTERM, SIGINT);
  ended.async_wait([&](const boost::system::error_code&, int) { server.stop(std::chrono::seconds(5)); });
  std::thread watcher([&] { signals.run(); });
  server.run();
  signals.stop();
  watcher.join();
  const auto& counts = server.counts();
  std::printf("connections %lu open %lu requests %lu open %lu\n", counts.connections.load(), counts.open_connections.load(),
              counts.requests.load(), counts.open_requests.load());
  return 0;
}
