// The server of HTTP/2 for those who test servers: h2spec, browsers, load generators.
//
// usage: http_server [--tls CERTIFICATE KEY] [--only-http2] [--threads N] [--page FILE] PORT; listens on 127.0.0.1 and says so in
// one line. /echo gives the body back as it comes, with trailers: how much it was, and those of the request as echoed-NAME. /slow
// answers after a second. /held answers once somebody asks for /release-held, and /halves gives its second half once somebody
// asks for /release-halves. /reset breaks off. /big is 10 MB. /page is the file. /tally says what was counted. Everything else is
// a short text, once the request has come as a whole.

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <list>
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
  for (const auto field : one.trailers()) trailers.add("echoed-" + std::string(field.name), field.value);
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

/// Where requests of one loop wait until somebody lets all of them go.
class Gate {
 public:
  asio::awaitable<void> wait(asio::any_io_executor executor) {
    const auto mine = waiting_.emplace(waiting_.end(), executor, asio::steady_timer::time_point::max());
    boost::system::error_code cancelled;
    co_await mine->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    waiting_.erase(mine);
  }
  void open() {
    for (asio::steady_timer& one : waiting_) one.cancel();
  }

 private:
  std::list<asio::steady_timer> waiting_;
};

asio::awaitable<void> answer_when_released(Gate& gate, http2::exchange& one) {
  co_await gate.wait(one.get_executor());
  one.respond(head_of("200", "text/plain"), "released\n");
}

asio::awaitable<void> answer_by_halves(Gate& gate, http2::exchange& one) {
  one.send_head(head_of("200", "text/plain"));
  co_await asio::async_write(one, asio::buffer(std::string_view("first\n")), asio::use_awaitable);
  co_await gate.wait(one.get_executor());
  co_await asio::async_write(one, asio::buffer(std::string_view("second\n")), asio::use_awaitable);
  one.finish();
}

asio::awaitable<void> break_off(http2::exchange& one) {
  one.send_head(head_of("200", "text/plain"));
  co_await asio::async_write(one, asio::buffer(std::string_view("begun\n")), asio::use_awaitable);
  asio::steady_timer turn(one.get_executor(), std::chrono::milliseconds(20));
  co_await turn.async_wait(asio::use_awaitable);  // so that what was written leaves first
  one.reset(http2::errc::internal_error);
}

std::string tally_of(const http2::server_counters& counts) {
  return "requests " + std::to_string(counts.requests) + " open " + std::to_string(counts.open_requests) + " calmed " +
         std::to_string(counts.calmed) + " http1 " + std::to_string(counts.http1_requests) + '\n';
}

std::string content_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int count, char** arguments) {
  http2::server_options options;
  asio::ssl::context tls(asio::ssl::context::tls_server);
  int port = 0;
  std::string page;
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
    } else if (word == "--page" && i + 1 < count) {
      page = content_of(arguments[++i]);
    } else {
      port = std::atoi(arguments[i]);
    }
  }
  if (options.tls != nullptr) http2::set_up_server_tls(tls, options.http1);

  const http2::handler echoes = http2::coroutine(echo);
  const http2::handler slow = http2::coroutine(answer_later);
  const http2::handler patient = http2::coroutine(answer_when_whole);
  Gate all_held;  // of one loop, as the other: with more threads they must not be asked for
  Gate all_halves;
  const http2::handler held = http2::coroutine([&](http2::exchange& one) { return answer_when_released(all_held, one); });
  const http2::handler halves = http2::coroutine([&](http2::exchange& one) { return answer_by_halves(all_halves, one); });
  const http2::handler broken = http2::coroutine(break_off);
  const std::string big(10'000'000, 'x');
  const http2::fields head = head_of("200", "text/plain");
  const http2::server_counters* counts = nullptr;
  http2::server server(
      [&](http2::exchange one) {
        const std::string_view path = one.path();
        if (path == "/echo") return echoes(std::move(one));
        if (path == "/slow") return slow(std::move(one));
        if (path == "/held") return held(std::move(one));
        if (path == "/halves") return halves(std::move(one));
        if (path == "/reset") return broken(std::move(one));
        if (path == "/release-held") all_held.open();
        if (path == "/release-halves") all_halves.open();
        if (path == "/page") return one.respond(head_of("200", "text/html; charset=utf-8"), page);
        if (path == "/tally") return one.respond(head, tally_of(*counts));
        if (!one.is_request_whole()) return patient(std::move(one));
        one.respond(head, path == "/big" ? std::string_view(big) : "Hello world!");
      },
      options);
  counts = &server.counts();
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
  std::printf("connections %lu open %lu requests %lu open %lu\n", counts->connections.load(), counts->open_connections.load(),
              counts->requests.load(), counts->open_requests.load());
  return 0;
}
