// The server on real sockets.

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>

#include "tests/http2/test_server.hpp"

namespace uncork::http2 {
namespace {

namespace asio = boost::asio;
using testing::Caller;
using testing::eventually;
using ::testing::HasSubstr;
using testing::TestServer;
using testing::Wire;
using namespace std::chrono_literals;

fields head(std::string_view status = "200") {
  fields made;
  made.add(":status", status);
  made.add("content-type", "text/plain");
  return made;
}

void say_hello(exchange one) { one.respond(head(), "hello"); }

asio::awaitable<void> echo(exchange& one) {
  one.send_head(head());
  std::array<char, 10'000> buffer{};
  for (;;) {
    boost::system::error_code error;
    const std::size_t size = co_await one.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    co_await asio::async_write(one, asio::buffer(buffer.data(), size), asio::use_awaitable);
  }
  fields trailers;
  trailers.add("was-read", one.is_request_whole() ? "whole" : "in part");
  one.finish(trailers);
}

/// How many requests wait until they are given up.
struct Waits {
  std::atomic<int> begun{0};
  std::atomic<int> given_up{0};
};

asio::awaitable<void> wait_for_ever(Waits& waits, exchange& one) {
  ++waits.begun;
  struct AtEnd {
    std::atomic<int>& count;
    ~AtEnd() { ++count; }
  } const at_end{waits.given_up};
  asio::steady_timer for_ever(one.get_executor(), std::chrono::hours(1));
  co_await for_ever.async_wait(asio::use_awaitable);
}

struct Waiting : Waits {
  handler handle = coroutine([this](exchange& one) { return wait_for_ever(*this, one); });
};

asio::awaitable<void> answer_after(std::atomic<bool>& is_begun, exchange& one) {
  is_begun = true;
  asio::steady_timer wait(one.get_executor(), 200ms);
  co_await wait.async_wait(asio::use_awaitable);
  one.respond(head(), "late");
}

TEST(HttpServer, answers_and_dates) {
  TestServer server(say_hello);
  Caller caller(server.port());
  const auto answer = caller.get("/");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_THAT(answer.fields.at("date"), ::testing::MatchesRegex("..., .. ... .... ..:..:.. GMT"));
}

TEST(HttpServer, sends_the_answers_to_all_that_came_together_at_once) {
  TestServer server(say_hello);
  Caller caller(server.port());
  ASSERT_EQ(caller.get("/").status, 200U);
  std::vector<stream_id> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(caller.open("/"));
  ASSERT_TRUE(caller.send());  // one send: 100 requests are some KiB
  for (const stream_id id : ids) ASSERT_TRUE(caller.until_whole(id));
  caller.wire().close();
  ASSERT_TRUE(eventually([&] { return server.counts().open_connections == 0; }));
  EXPECT_LE(server.counts().sends, 8U);  // SETTINGS, their acknowledgement, the first answer, and a few for the hundred
  EXPECT_EQ(server.counts().requests, 101U);
}

TEST(HttpServer, streams_a_body_both_ways_with_trailers) {
  TestServer server(coroutine(echo));
  Caller caller(server.port());
  std::string body(3'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + i / 251);
  const auto id = caller.open("/echo", false, "POST");
  caller.write(id, body, true);
  ASSERT_TRUE(caller.until_whole(id));
  EXPECT_TRUE(caller.answer(id).body == body);
  EXPECT_EQ(caller.answer(id).trailers.at("was-read"), "whole");
}

TEST(HttpServer, sends_what_a_handler_left_behind_as_there_is_room) {
  const std::string big(5'000'000, 'b');
  TestServer server([&](exchange one) { one.respond(head(), big); });
  Caller caller(server.port());
  EXPECT_TRUE(caller.get("/").body == big);
  EXPECT_TRUE(eventually([&] { return server.counts().open_requests == 0; }));
}

TEST(HttpServer, sends_a_shared_body_to_many) {
  const auto big = std::make_shared<const std::string>(2'000'000, 's');
  TestServer server([&](exchange one) { one.respond(head(), big); });
  Caller caller(server.port());
  const auto first = caller.open("/");
  const auto second = caller.open("/");
  ASSERT_TRUE(caller.until_whole(first));
  ASSERT_TRUE(caller.until_whole(second));
  EXPECT_TRUE(caller.answer(first).body == *big);
  EXPECT_TRUE(caller.answer(second).body == *big);
  EXPECT_TRUE(eventually([&] { return big.use_count() == 1; }));
}

TEST(HttpServer, cancels_the_handler_when_the_client_resets) {
  Waiting waiting;
  TestServer server(waiting.handle);
  Caller caller(server.port());
  const auto id = caller.open("/");
  ASSERT_TRUE(caller.until([&] { return waiting.begun == 1; }));
  caller.session().reset(id, errc::cancel);
  ASSERT_TRUE(caller.send());
  EXPECT_TRUE(eventually([&] { return waiting.given_up == 1; }));
  EXPECT_TRUE(eventually([&] { return server.counts().open_requests == 0; }));
}

TEST(HttpServer, cancels_the_handlers_of_a_connection_that_breaks) {
  Waiting waiting;
  TestServer server(waiting.handle);
  Caller caller(server.port());
  for (int i = 0; i < 10; ++i) static_cast<void>(caller.open("/"));
  ASSERT_TRUE(caller.until([&] { return waiting.begun == 10; }));
  caller.wire().reset();
  EXPECT_TRUE(eventually([&] { return waiting.given_up == 10; }));
  EXPECT_TRUE(eventually([&] { return server.counts().open_connections == 0; }));
}

TEST(HttpServer, answers_500_for_a_handler_that_throws) {
  TestServer server(coroutine([](exchange& one) -> asio::awaitable<void> {
    if (one.path() == "/late") one.send_head(head());
    throw std::runtime_error("no");
    co_return;
  }));
  Caller caller(server.port());
  EXPECT_EQ(caller.get("/").status, 500U);
  const auto late = caller.get("/late");
  EXPECT_TRUE(late.is_reset);
  EXPECT_EQ(late.code, errc::internal_error);
}

TEST(HttpServer, outlives_a_callback_that_throws) {
  TestServer server([](exchange one) {
    if (one.path() == "/throw") throw std::runtime_error("no");
    one.respond(head(), "hello");
  });
  Caller caller(server.port());
  EXPECT_TRUE(caller.get("/throw").is_reset);
  EXPECT_EQ(server.counts().failed_handlers, 1U);
  EXPECT_EQ(caller.get("/").body, "hello");
}

TEST(HttpServer, resets_what_nobody_answers) {
  TestServer server([](const exchange& one) { static_cast<void>(one); });
  Caller caller(server.port());
  EXPECT_TRUE(caller.get("/").is_reset);
}

TEST(HttpServer, finishes_what_is_under_way_and_ends) {
  std::atomic<bool> is_begun = false;
  TestServer server(coroutine([&](exchange& one) { return answer_after(is_begun, one); }));
  Caller caller(server.port());
  Caller idle(server.port());
  const auto id = caller.open("/");
  ASSERT_TRUE(caller.until([&] { return is_begun.load(); }));
  server.stop(testing::kPatience);
  ASSERT_TRUE(caller.until_whole(id));
  EXPECT_EQ(caller.answer(id).body, "late");
  EXPECT_TRUE(caller.has_goaway());
  EXPECT_TRUE(caller.until([&] { return caller.session().is_over() || caller.wire().is_ended(); }));
  caller.wire().close();
  idle.wire().close();
  server.join();
  EXPECT_EQ(server.counts().open_connections, 0U);
}

TEST(HttpServer, cuts_off_what_takes_longer_than_its_grace) {
  Waiting waiting;
  TestServer server(waiting.handle);
  Caller caller(server.port());
  static_cast<void>(caller.open("/"));
  ASSERT_TRUE(caller.until([&] { return waiting.begun == 1; }));
  server.stop(50ms);
  server.join();
  EXPECT_EQ(waiting.given_up, 1);
  EXPECT_EQ(server.counts().open_connections, 0U);
}

TEST(HttpServer, closes_a_client_that_says_nothing) {
  server_options options;
  options.greeting_timeout = 100ms;
  TestServer server(say_hello, options);
  Wire silent(server.port());
  EXPECT_EQ(silent.receive(), "");
  EXPECT_TRUE(silent.is_ended());
}

TEST(HttpServer, closes_connections_beyond_its_limit_at_once) {
  server_options options;
  options.connections = 1;
  TestServer server(say_hello, options);
  Caller first(server.port());
  ASSERT_EQ(first.get("/").status, 200U);
  Wire second(server.port());
  EXPECT_EQ(second.receive(), "");
  EXPECT_TRUE(second.is_ended());
  EXPECT_EQ(server.counts().refused_connections, 1U);
  EXPECT_EQ(first.get("/").status, 200U);
}

TEST(HttpServer, ends_a_flood_of_pings_with_enhance_your_calm) {
  TestServer server(say_hello);
  Caller caller(server.port());
  ASSERT_EQ(caller.get("/").status, 200U);
  for (int i = 0; i < 20'000; ++i) caller.session().ping({});
  static_cast<void>(caller.send());
  EXPECT_TRUE(eventually([&] { return server.counts().calmed == 1; }));
  EXPECT_TRUE(caller.until([&] { return caller.has_goaway() || caller.wire().is_ended(); }));
}

std::string until_body(Wire& wire, std::string_view body) {
  return wire.receive_until([&](const std::string& all) { return all.ends_with(body); });
}

TEST(Http1Server, keeps_the_connection_and_answers_pipelined_requests_in_turn) {
  TestServer server([](exchange one) { one.respond(head(), std::string("at ") + std::string(one.path())); });
  Wire wire(server.port());
  ASSERT_TRUE(wire.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n"));
  const std::string both = until_body(wire, "at /b");
  EXPECT_THAT(both, HasSubstr("HTTP/1.1 200 OK\r\n"));
  EXPECT_LT(both.find("at /a"), both.find("at /b"));
  ASSERT_TRUE(wire.send("HEAD /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  const std::string last = wire.receive_until([](const std::string&) { return false; });
  EXPECT_THAT(last, HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(last.ends_with("\r\n\r\n")) << last;
  EXPECT_TRUE(wire.is_ended());
}

TEST(Http1Server, takes_a_body_in_chunks_and_gives_one_with_trailers) {
  TestServer server(coroutine(echo));
  Wire wire(server.port());
  ASSERT_TRUE(wire.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
  ASSERT_TRUE(wire.send("2\r\nde\r\n0\r\n\r\n"));
  const std::string answer = until_body(wire, "was-read: whole\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_TRUE(answer.ends_with("0\r\nwas-read: whole\r\n\r\n")) << answer;
}

TEST(Http1Server, asks_for_the_body_when_the_handler_reads_it) {
  TestServer server(coroutine([](exchange& one) -> asio::awaitable<void> {
    std::array<char, 100> buffer{};
    const std::size_t size = co_await one.async_read_some(asio::buffer(buffer), asio::use_awaitable);
    one.respond(head(), std::string(buffer.data(), size));
  }));
  Wire wire(server.port());
  ASSERT_TRUE(wire.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(until_body(wire, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(wire.send("body"));
  EXPECT_THAT(until_body(wire, "body"), HasSubstr("content-length: 4\r\n"));
}

TEST(Http1Server, refuses_what_is_no_request) {
  TestServer server(say_hello);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},  // no Host: RFC 9112 3.2
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nHost x\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n", "HTTP/1.1 431 "},
      {"HELLO WORLD\r\n\r\n", ""}};
  for (const auto& [request, answer] : cases) {
    Wire wire(server.port());
    ASSERT_TRUE(wire.send(request));
    const std::string said = wire.receive_until([](const std::string&) { return false; });
    EXPECT_EQ(said.substr(0, answer.size()), answer) << request.substr(0, 100);
    EXPECT_TRUE(wire.is_ended());
  }
  EXPECT_TRUE(eventually([&] { return server.counts().open_connections == 0; }));
}

TEST(Http1Server, counts_the_time_of_a_request_from_its_first_byte) {
  server_options options;
  options.greeting_timeout = 1500ms;
  TestServer server(say_hello, options);
  Wire wire(server.port());
  ASSERT_TRUE(wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_THAT(until_body(wire, "hello"), HasSubstr("200 OK"));
  std::this_thread::sleep_for(1800ms);  // between two requests keep_alive counts
  ASSERT_TRUE(wire.send("GET / HTTP/1.1\r\n"));
  std::this_thread::sleep_for(400ms);  // two looks at the time
  ASSERT_TRUE(wire.send("Host: x\r\n\r\n"));
  EXPECT_THAT(until_body(wire, "hello"), HasSubstr("200 OK"));
}

TEST(Http1Server, lets_no_value_begin_another_line) {
  TestServer server([](exchange one) {
    fields made = head();
    made.add("x-good", "1");
    made.add("x-bad", "1\r\nset-cookie: a=b");
    one.respond(made, "hello");
  });
  Wire wire(server.port());
  ASSERT_TRUE(wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  const std::string answer = until_body(wire, "hello");
  EXPECT_THAT(answer, HasSubstr("x-good: 1\r\n"));
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("set-cookie")));
}

TEST(Http1Server, takes_the_absolute_form) {
  TestServer server([](exchange one) { one.respond(head(), std::string(one.authority()) + " " + std::string(one.path())); });
  Wire wire(server.port());
  ASSERT_TRUE(wire.send("GET http://example.org/a?b HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(until_body(wire, "example.org /a?b"), ::testing::EndsWith("example.org /a?b"));
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

// What one caller does until it has asked `requests` times: some are cancelled, some bodies are large, some connections break.
void misbehave(unsigned short port, unsigned seed, int requests) {
  std::minstd_rand random(seed);
  while (requests > 0) {
    Caller caller(port);
    bool is_broken = false;
    for (int round = 0; round < 10 && requests > 0 && !is_broken; ++round) {
      std::vector<stream_id> ids;
      for (int i = 0; i < 50; ++i, --requests) {
        const bool has_body = random() % 4 == 0;
        const auto id = caller.open(random() % 8 == 0 ? "/wait" : random() % 8 == 1 ? "/big" : "/", !has_body, "POST");
        if (id == 0) break;
        if (has_body) caller.write(id, std::string(random() % 3000, 'x'), random() % 8 != 0);
        ids.push_back(id);
      }
      static_cast<void>(caller.send());
      for (const stream_id id : ids) {
        if (random() % 3 == 0) caller.session().reset(id, errc::cancel);
      }
      switch (random() % 8) {
        case 0:
          caller.wire().reset();
          is_broken = true;
          break;
        case 1:
          caller.wire().close();
          is_broken = true;
          break;
        default:
          static_cast<void>(caller.send());
          static_cast<void>(caller.wire().receive(1ms));
          for (const stream_id id : ids) {
            caller.session().reset(id, errc::cancel);
            caller.session().release(id);
          }
      }
    }
  }
}

TEST(HttpServer, keeps_nothing_of_requests_that_were_cancelled_reset_or_cut_off) {
  const int all = std::getenv("UNCORK_LONG") != nullptr ? 200'000 : 10'000;
  const std::size_t descriptors = open_descriptors();
  {
    Waiting waiting;
    const std::string big(300'000, 'b');
    const handler echoes = coroutine(echo);
    server_options options;
    options.http2.limits.resets = {.burst = 1'000'000, .a_second = 1'000'000};
    TestServer server(
        [&](exchange one) {
          if (one.path() == "/wait") return waiting.handle(std::move(one));
          if (one.path() == "/big") return one.respond(head(), big);
          if (!one.is_request_whole()) return echoes(std::move(one));
          one.respond(head(), "hello");
        },
        options);
    std::vector<std::thread> callers;
    for (unsigned i = 0; i < 4; ++i) {
      callers.emplace_back([&, i] { misbehave(server.port(), i + 1, all / 4); });
    }
    for (std::thread& one : callers) one.join();
    EXPECT_TRUE(eventually([&] { return server.counts().open_connections == 0; }));
    EXPECT_TRUE(eventually([&] { return server.counts().open_requests == 0; }));
    EXPECT_TRUE(eventually([&] { return waiting.begun == waiting.given_up; }));
    EXPECT_GE(server.counts().requests, static_cast<std::uint64_t>(all) / 4);
    Caller healthy(server.port());
    EXPECT_EQ(healthy.get("/").body, "hello");
  }
  EXPECT_EQ(open_descriptors(), descriptors);
}

/// A file whose byte n is n modulo 251, opened.
int numbered_file(std::size_t size) {
  std::string path = (std::filesystem::temp_directory_path() / "uncork-sent-XXXXXX").string();
  const int descriptor = ::mkstemp(path.data());
  ::unlink(path.c_str());
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % 251);
  EXPECT_EQ(::write(descriptor, bytes.data(), bytes.size()), static_cast<ssize_t>(size));
  return descriptor;
}

std::string numbered_text(std::size_t from, std::size_t size) {
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((from + i) % 251);
  return bytes;
}

TEST(HttpServer, sends_files_beside_other_answers) {
  TestServer server([](exchange one) {
    if (one.request().value_or_empty(known_field::path) == "/") return one.respond(head(), "small");
    one.respond_file(head(), numbered_file(1'000'000), 5, 900'001);
  });
  Caller caller(server.port());
  std::vector<stream_id> files;
  std::vector<stream_id> texts;
  for (int i = 0; i < 4; ++i) {
    files.push_back(caller.open("/file"));
    texts.push_back(caller.open("/"));
  }
  for (const stream_id id : files) ASSERT_TRUE(caller.until_whole(id));
  for (const stream_id id : files) EXPECT_EQ(caller.answers().at(id).body, numbered_text(5, 900'001));
  for (const stream_id id : texts) EXPECT_EQ(caller.answers().at(id).body, "small");
}

// A frame of the file has been promised, so no other stream can go on.
TEST(HttpServer, ends_the_connection_when_a_file_that_it_sends_becomes_shorter) {
  TestServer server([](exchange one) { one.respond_file(head(), numbered_file(100'000), 0, 200'000); });
  Caller caller(server.port());
  const auto answer = caller.get("/");
  EXPECT_FALSE(answer.is_whole);
  EXPECT_EQ(answer.body, numbered_text(0, answer.body.size()));
  EXPECT_FALSE(answer.is_reset);
  EXPECT_FALSE(caller.until_whole(caller.open("/")));
  EXPECT_EQ(Caller(server.port()).get("/").status, 200U);
}

class EachFlushRule : public ::testing::TestWithParam<flush_rule> {
 protected:
  static server_options options() {
    server_options chosen;
    chosen.transport.flush = GetParam();
    return chosen;
  }
  static void give_file_or_text(exchange one) {
    if (one.request().value_or_empty(known_field::path) == "/file") {
      one.respond_file(head(), numbered_file(700'000), 0, 700'000);
    } else {
      one.respond(head(), numbered_text(0, 700'000));
    }
  }
  TestServer server_{give_file_or_text, options()};
};

// Whatever leaves while an answer is being submitted must not touch that answer again.
TEST_P(EachFlushRule, sends_large_answers_beside_each_other) {
  Caller caller(server_.port());
  std::vector<stream_id> all;
  for (int i = 0; i < 8; ++i) all.push_back(caller.open(i % 2 == 0 ? "/file" : "/text"));
  for (const stream_id id : all) ASSERT_TRUE(caller.until_whole(id));
  for (const stream_id id : all) EXPECT_EQ(caller.answers().at(id).body, numbered_text(0, 700'000)) << id;
}

TEST_P(EachFlushRule, outlives_callers_who_leave_in_the_middle) {
  for (int i = 0; i < 16; ++i) {
    Caller caller(server_.port());
    for (int k = 0; k < 6; ++k) caller.open(k % 2 == 0 ? "/file" : "/text");
    ASSERT_TRUE(caller.until([&] { return caller.answers().size() == 6 && !caller.answers().rbegin()->second.body.empty(); }));
    if (i % 2 == 0) caller.wire().reset();
  }
  EXPECT_EQ(Caller(server_.port()).get("/file").body.size(), 700'000U);
}

std::string name_of(const ::testing::TestParamInfo<flush_rule>& used) {
  constexpr std::array kNames{"turn", "response", "frame", "frame_more"};
  return kNames.at(static_cast<std::size_t>(used.param));
}
INSTANTIATE_TEST_SUITE_P(OfServers, EachFlushRule,
                         ::testing::Values(flush_rule::turn, flush_rule::response, flush_rule::frame, flush_rule::frame_more),
                         name_of);

}  // namespace
}  // namespace uncork::http2
