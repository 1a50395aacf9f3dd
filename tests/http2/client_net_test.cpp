// The client on real sockets, against our server and against peers that say nothing.

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <thread>
#include <tuple>

#include "tests/http2/test_server.hpp"
#include "uncork/http2/client.hpp"
#include "uncork/stream/error.hpp"

namespace uncork::http2 {
namespace {

namespace asio = boost::asio;
using testing::eventually;
using testing::TestServer;
using namespace std::chrono_literals;

fields head(std::string_view status = "200") {
  fields made;
  made.add(":status", status);
  return made;
}

/// Runs the coroutine to its end; what it throws fails the test.
void run(const std::function<asio::awaitable<void>(client&)>& body, client_options options = {}) {
  asio::io_context loop;
  {
    client one(loop.get_executor(), std::move(options));
    std::exception_ptr thrown;
    bool is_over = false;
    asio::co_spawn(loop, body(one), [&](std::exception_ptr error) {
      thrown = std::move(error);
      is_over = true;
    });
    const auto last = std::chrono::steady_clock::now() + testing::kPatience;
    while (!is_over && std::chrono::steady_clock::now() < last) loop.run_one_for(100ms);
    EXPECT_TRUE(is_over);
    if (thrown) {
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    }
  }
  loop.run_for(1s);  // what was under way ends with the client
}

std::string address_of(unsigned short port, std::string_view path = "/", std::string_view host = "127.0.0.1") {
  return "http://" + std::string(host) + ":" + std::to_string(port) + std::string(path);
}

asio::awaitable<boost::system::error_code> error_of(client& one, std::string address) {
  try {
    co_await one.fetch(std::move(address));
  } catch (const boost::system::system_error& error) {
    co_return error.code();
  }
  co_return boost::system::error_code();
}

asio::awaitable<void> give_back(exchange& one) {
  std::vector<char> buffer(10'000);
  one.send_head(head());
  for (;;) {
    boost::system::error_code error;
    const std::size_t size = co_await one.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    co_await asio::async_write(one, asio::buffer(buffer.data(), size), asio::use_awaitable);
  }
  fields trailers;
  trailers.add("was-read", "whole");
  one.finish(trailers);
}

asio::awaitable<void> fetch_three_times(client& one, unsigned short port) {
  for (int i = 0; i < 3; ++i) {
    const response got = co_await one.fetch(address_of(port, "/a?b"));
    EXPECT_EQ(got.status, 200U);
    EXPECT_EQ(got.body, "/a?b");
  }
  EXPECT_EQ(one.connections(), 1U);
}

TEST(HttpClient, fetches_and_keeps_its_connection) {
  TestServer server([](exchange one) { one.respond(head(), one.path()); });
  run([&](client& one) { return fetch_three_times(one, server.port()); });
  EXPECT_EQ(server.counts().connections, 1U);
}

asio::awaitable<void> post_large(client& one, unsigned short port) {
  std::string body(2'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 3 + i / 257);
  const response got = co_await one.fetch(address_of(port), "POST", body);
  EXPECT_TRUE(got.body == body);
  EXPECT_EQ(got.trailers.find("was-read"), "whole");
}

TEST(HttpClient, posts_a_large_body_and_reads_trailers) {
  TestServer server(coroutine(give_back));
  run([&](client& one) { return post_large(one, server.port()); });
}

asio::awaitable<void> talk(client& one, unsigned short port) {
  fields request;
  request.add(":method", "POST");
  request.add(":scheme", "http");
  request.add(":authority", "localhost");
  request.add(":path", "/");
  call talk = co_await one.open(origin(false, "127.0.0.1", port), request, false);
  co_await talk.async_wait_response(asio::use_awaitable);
  EXPECT_EQ(talk.status(), 200U);
  std::array<char, 100> heard{};
  for (const std::string_view said : {"one", "two", "three"}) {
    co_await asio::async_write(talk, asio::buffer(said), asio::use_awaitable);
    const std::size_t size = co_await talk.async_read_some(asio::buffer(heard), asio::use_awaitable);
    EXPECT_EQ(std::string_view(heard.data(), size), said);
  }
  talk.finish();
  boost::system::error_code error;
  co_await talk.async_read_some(asio::buffer(heard), asio::redirect_error(asio::use_awaitable, error));
  EXPECT_EQ(error, asio::error::eof);
}

TEST(HttpClient, talks_and_hears_by_turns) {
  TestServer server(coroutine(give_back));
  run([&](client& one) { return talk(one, server.port()); });
}

asio::awaitable<void> fetch_many(client& one, unsigned short port, int count) {
  int whole = 0;
  for (int i = 0; i < count; ++i) {
    asio::co_spawn(one.get_executor(), one.fetch(address_of(port)),
                   [&whole](const std::exception_ptr& error, const response& got) { whole += !error && got.status == 200; });
  }
  asio::steady_timer wait(one.get_executor());
  const auto last = std::chrono::steady_clock::now() + testing::kPatience;
  while (whole < count && std::chrono::steady_clock::now() < last) {
    wait.expires_after(1ms);
    co_await wait.async_wait(asio::use_awaitable);
  }
  EXPECT_EQ(whole, count);
}

TEST(HttpClient, opens_no_more_streams_and_connections_than_allowed_and_serves_all) {
  server_options options;
  options.http2.limits.concurrent_streams = 10;
  TestServer server([](exchange one) { one.respond(head(), "x"); }, options);
  client_options how;
  how.connections = 2;
  run([&](client& one) { return fetch_many(one, server.port(), 1000); }, how);
  EXPECT_GE(server.counts().requests, 1000U);
  EXPECT_LE(server.counts().connections, 2U);
}

asio::awaitable<void> expect_failure(client& one, std::string address, boost::system::error_code wanted) {
  EXPECT_EQ(co_await error_of(one, std::move(address)), wanted);
}

/// Listens, and lets the kernel accept; says nothing.
class Silent {
 public:
  Silent() : acceptor_(loop_, {asio::ip::make_address("127.0.0.1"), 0}) {}
  [[nodiscard]] unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context loop_;
  asio::ip::tcp::acceptor acceptor_;
};

TEST(HttpClient, says_why_it_could_not_connect) {
  unsigned short port = 0;
  {
    const Silent gone;
    port = gone.port();
  }
  run([&](client& one) { return expect_failure(one, address_of(port), asio::error::connection_refused); });
  run([&](client& one) { return expect_failure(one, "ftp://x/", asio::error::invalid_argument); });
}

TEST(HttpClient, gives_a_silent_server_up) {
  const Silent silent;
  client_options how;
  how.liveness.silence = 500ms;
  run(
      [&](client& one) {
        return expect_failure(one, address_of(silent.port()), stream::make_error_code(stream::errc::peer_silent));
      },
      how);
}

TEST(HttpClient, does_not_wait_longer_for_a_handshake_than_it_was_told) {
  const Silent silent;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  set_up_client_tls(tls);
  client_options how;
  how.tls = &tls;
  how.connect_timeout = 300ms;
  const std::string address = "https://127.0.0.1:" + std::to_string(silent.port()) + "/";
  run([&](client& one) { return expect_failure(one, address, asio::error::timed_out); }, how);
}

TEST(HttpClient, tries_the_other_addresses_of_a_name) {
  TestServer server([](exchange one) { one.respond(head(), "x"); });  // on 127.0.0.1 alone; localhost may be ::1 first
  run([&](client& one) { return expect_failure(one, address_of(server.port(), "/", "localhost"), {}); });
}

TEST(HttpClient, asks_again_what_the_server_has_not_processed) {
  std::atomic<int> asked = 0;
  TestServer server([&](exchange one) {
    if (asked++ == 0) return one.reset(errc::refused_stream);
    one.respond(head(), "x");
  });
  run([&](client& one) { return expect_failure(one, address_of(server.port()), {}); });
  EXPECT_EQ(asked, 2);
}

TEST(HttpClient, tells_why_the_server_reset) {
  TestServer server([](exchange one) { one.reset(errc::internal_error); });
  run([&](client& one) { return expect_failure(one, address_of(server.port()), make_error_code(errc::internal_error)); });
}

asio::awaitable<void> expect_whole_answer_to_a_post(client& one, std::string address) {
  const response got = co_await one.fetch(std::move(address), "POST", std::string(1'000'000, 'p'));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.body.size(), 100'000);
}

// Its server lets go of the request with RST_STREAM(NO_ERROR) (RFC 9113 8.1), which comes before the response has been read.
TEST(HttpClient, keeps_the_whole_response_of_a_server_that_wants_no_more_of_the_request) {
  const std::string body(100'000, 'x');
  TestServer server([&body](exchange one) { one.respond(head(), body); });
  run([&](client& one) { return expect_whole_answer_to_a_post(one, address_of(server.port())); });
}

TEST(HttpClient, takes_no_response_for_whole_that_was_cut_off_without_an_error) {
  TestServer server([](exchange one) {
    one.send_head(head());
    one.reset(errc::no_error);
  });
  run([&](client& one) { return expect_failure(one, address_of(server.port()), make_error_code(errc::cancel)); });
}

/// Answers one connection with the beginning of a response, and closes it in order.
class CutShort {
 public:
  CutShort() : acceptor_(loop_, {asio::ip::make_address("127.0.0.1"), 0}), thread_([this] { answer(); }) {}
  ~CutShort() { thread_.join(); }
  [[nodiscard]] unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  void answer() {
    asio::ip::tcp::socket socket = acceptor_.accept();
    std::array<char, 4096> heard{};
    boost::system::error_code error;
    std::ignore = socket.read_some(asio::buffer(heard), error);
    constexpr std::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);
    constexpr std::string_view kStatus200("\0\0\1\1\4\0\0\0\1\x88", 10);
    constexpr std::string_view kThreeBytes("\0\0\3\0\0\0\0\0\1abc", 12);
    asio::write(socket, std::array{asio::buffer(kSettings), asio::buffer(kStatus200), asio::buffer(kThreeBytes)}, error);
    socket.shutdown(asio::ip::tcp::socket::shutdown_send, error);
    while (!error) std::ignore = socket.read_some(asio::buffer(heard), error);
  }

  asio::io_context loop_;
  asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST(HttpClient, takes_no_response_for_whole_whose_connection_ended_within_it) {
  CutShort server;
  run([&](client& one) { return expect_failure(one, address_of(server.port()), asio::error::connection_aborted); });
}

TEST(Url, is_read_or_refused) {
  const auto plain = parse_url("http://example.org");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->origin, origin(false, "example.org", 80));
  EXPECT_EQ(plain->path, "/");
  const auto full = parse_url("https://[::1]:8443/a/b?c=d#e");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->origin, origin(true, "::1", 8443));
  EXPECT_EQ(full->authority, "[::1]:8443");
  EXPECT_EQ(full->path, "/a/b?c=d");
  EXPECT_EQ(parse_url("http://h?q")->path, "/?q");
  for (const char* bad : {"", "h", "ftp://h/", "http://", "http:///a", "http://u@h/", "http://h:0/", "http://h:65536/",
                          "http://h:x/", "http://[::1/", "http://[::1]x/", "http://h/ a", "http://h/\x80"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

}  // namespace
}  // namespace uncork::http2
