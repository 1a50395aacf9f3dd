// uncork h2 load against servers of every temper.

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/cli/program.hpp"
#include "tests/http2/test_server.hpp"

namespace uncork::cli {
namespace {

namespace asio = boost::asio;

using cli::testing::During;
using cli::testing::Finished;
using cli::testing::run_program;
using http2::exchange;
using http2::fields;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using uncork::testing::TestServer;

fields head(const char* status = "200") {
  fields made;
  made.add(":status", status);
  return made;
}

std::string url_of(const TestServer& server) { return "http://127.0.0.1:" + std::to_string(server.port()) + "/"; }

/// Runs it with --json.
nlohmann::json load(const TestServer& server, std::vector<std::string> words, int exit) {
  words.insert(words.begin(), {"h2", "load", "--json", url_of(server)});
  const Finished done = run_program(words);
  EXPECT_EQ(done.exit, exit) << done.err;
  return nlohmann::json::parse(done.out, nullptr, false);
}

TEST(LoadVerb, sends_as_many_requests_as_it_is_told_on_all_connections) {
  TestServer server([](exchange one) { one.respond(head(), "hello"); });
  const auto result = load(server, {"-c", "7", "-m", "5", "-n", "1000", "--threads", "2"}, 0);
  EXPECT_EQ(result["answered"], 1000);
  EXPECT_EQ(result["body_bytes"], 5000);
  EXPECT_EQ(result["connections"], 7);
  EXPECT_EQ(server.counts().requests, 1000U);
  EXPECT_GT(result["latency_ms"]["p50"], 0);
  EXPECT_GE(result["latency_ms"]["most"], result["latency_ms"]["p50"]);
}

TEST(LoadVerb, keeps_to_the_streams_that_the_server_allows) {
  http2::server_options few;
  few.http2.limits.concurrent_streams = 3;
  TestServer server([](exchange one) { one.respond(head(), "x"); }, few);
  const Finished done = run_program({"h2", "load", "--json", "-m", "50", "-n", "500", url_of(server)});
  const auto result = nlohmann::json::parse(done.out, nullptr, false);
  // The first of them may have left before the server had said so.
  EXPECT_EQ(result["answered"].get<int>() + result["failures"].value("REFUSED_STREAM", 0), 500) << done.out;
  EXPECT_LE(result["failures"].value("REFUSED_STREAM", 0), 47);
}

TEST(LoadVerb, ends_after_its_time) {
  TestServer server([](exchange one) { one.respond(head(), "x"); });
  const auto result = load(server, {"--for", "300ms", "--warm-up", "100ms", "-m", "4"}, 0);
  EXPECT_GT(result["answered"], 0);
  EXPECT_LT(result["answered"], server.counts().requests.load());  // those of the warm-up
  EXPECT_LT(result["sends"], 2 * result["answered"].get<int>() + 10);
  EXPECT_LT(result["reads"], 2 * result["answered"].get<int>() + 10);
}

TEST(LoadVerb, times_a_request_from_when_it_was_due) {
  // One at a time, each 20 ms late, and 100 a second due: the last of 50 waits for those before it.
  TestServer server([](exchange one) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(one.get_executor(), std::chrono::milliseconds(20));
    const auto held = std::make_shared<exchange>(std::move(one));
    timer->async_wait([timer, held](const boost::system::error_code&) { held->respond(head(), "x"); });
  });
  const auto result = load(server, {"--rate", "100", "-n", "50"}, 0);
  EXPECT_EQ(result["answered"], 50);
  EXPECT_GT(result["most_waiting"], 5);
  EXPECT_GT(result["latency_ms"]["most"], 200);  // (50 - 1) * 10 ms behind at least; a slow machine only makes it more
}

TEST(LoadVerb, counts_failures_by_what_became_of_them) {
  int number = 0;
  TestServer server([&](exchange one) {
    switch (number++ % 4) {
      case 0:
        return one.respond(head("404"));
      case 1:
        return one.reset(http2::errc::internal_error);
      case 2:
        return one.respond(head("503"), "no");
      default:
        return one.respond(head("304"));
    }
  });
  const auto result = load(server, {"-n", "400", "-m", "10"}, 1);
  EXPECT_EQ(result["answered"], 100);
  EXPECT_EQ(result["failed"], 300);
  EXPECT_EQ(result["failures"]["status 404"], 100);
  EXPECT_EQ(result["failures"]["INTERNAL_ERROR"], 100);
  EXPECT_EQ(result["failures"]["status 503"], 100);
}

TEST(LoadVerb, gives_up_requests_that_are_not_answered) {
  std::vector<exchange> kept;
  TestServer server([&](exchange one) { kept.push_back(std::move(one)); });
  const auto result = load(server, {"-n", "3", "--timeout", "200ms"}, 1);
  EXPECT_EQ(result["failures"]["no answer in time"], 3);
  server.end();
  kept.clear();
}

TEST(LoadVerb, posts_a_body_larger_than_the_window) {
  TestServer server(http2::coroutine([](exchange& one) -> boost::asio::awaitable<void> {
    std::size_t all = 0;
    std::vector<char> buffer(65536);
    boost::system::error_code error;
    while (!error) {
      all += co_await one.async_read_some(boost::asio::buffer(buffer),
                                          boost::asio::redirect_error(boost::asio::use_awaitable, error));
    }
    one.respond(head(all == 100'000 ? "200" : "400"));
  }));
  const auto result = load(server, {"-n", "20", "-m", "3", "--post", std::string(100'000, 'p')}, 0);
  EXPECT_EQ(result["answered"], 20);
}

/// Answers `answers` requests of each connection, then closes it without a word.
class BriefServer {
 public:
  explicit BriefServer(int answers) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this, answers] {
      for (;;) {
        const int one = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (one < 0) return;
        serve(one, answers);
        ::close(one);
      }
    });
  }
  BriefServer(const BriefServer&) = delete;
  BriefServer& operator=(const BriefServer&) = delete;
  ~BriefServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  static void serve(int connection, int answers) {
    http2::session session(http2::side::server, {}, std::chrono::steady_clock::now());
    std::array<std::byte, 4096> buffer{};
    while (answers > 0) {
      const ssize_t got = ::recv(connection, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      http2::byte_span left = std::span(buffer).first(static_cast<std::size_t>(got));
      while (!left.empty() && answers > 0) {
        left = left.subspan(session.receive(left, std::chrono::steady_clock::now()));
        while (const auto event = session.next()) {
          if (event->what != http2::event::kind::message || answers == 0) continue;
          session.submit_headers(event->stream, head(), true);
          session.release(event->stream);
          --answers;
        }
      }
      const http2::byte_span out = session.gather();
      if (::send(connection, out.data(), out.size(), MSG_NOSIGNAL) < 0) return;
      session.sent(out.size());
    }
  }

  int listener_;
  unsigned short port_ = 0;
  std::thread thread_;
};

TEST(LoadVerb, makes_another_connection_for_one_that_has_ended) {
  const BriefServer server(7);
  const Finished done = run_program({"h2", "load", "--json", "-n", "70", server.url()});
  const auto result = nlohmann::json::parse(done.out, nullptr, false);
  // The request behind the seventh answer is lost with the connection, unless it had not been sent yet.
  EXPECT_EQ(result["answered"].get<int>() + result["failures"].value("the connection ended", 0), 70) << done.out;
  EXPECT_GE(result["answered"], 60);
  EXPECT_GE(result["connections"], 9);
}

/// Acknowledges SETTINGS, announces its own, then answers each request with `answer(stream, number)`: frames, written out.
class ScriptedServer {
 public:
  using Answer = std::function<std::string(unsigned stream, int number)>;

  ScriptedServer(std::string settings, Answer answer)
      : answer_(std::move(answer)), settings_(std::move(settings)), acceptor_(loop_, {asio::ip::make_address("127.0.0.1"), 0}) {
    thread_ = std::thread([this] {
      for (;;) {
        asio::ip::tcp::socket one(loop_);
        boost::system::error_code error;
        acceptor_.accept(one, error);
        if (is_over_ || error) return;
        serve(one);
      }
    });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    is_over_ = true;
    boost::system::error_code ignored;
    asio::ip::tcp::socket(loop_).connect(acceptor_.local_endpoint(), ignored);  // wakes accept()
    thread_.join();
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/"; }

  static std::string number_of(unsigned value, int bytes) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xffU);
    return text;
  }
  static std::string frame(unsigned type, unsigned flags, unsigned stream, const std::string& payload = "") {
    return number_of(static_cast<unsigned>(payload.size()), 3) + number_of(type, 1) + number_of(flags, 1) + number_of(stream, 4) +
           payload;
  }
  static std::string status_200(unsigned stream) { return frame(1, 5, stream, "\x88"); }
  static std::string goaway(unsigned last) { return frame(7, 0, 0, number_of(last, 4) + number_of(0, 4)); }

 private:
  void serve(asio::ip::tcp::socket& one) {
    boost::system::error_code error;
    asio::write(one, asio::buffer(frame(4, 0, 0, settings_) + frame(4, 1, 0)), error);
    std::string left;
    std::array<char, 4096> buffer{};
    std::size_t preface = 24;
    for (int number = 1; !error;) {
      left.append(buffer.data(), one.read_some(asio::buffer(buffer), error));
      const std::size_t skipped = std::min(preface, left.size());
      left.erase(0, skipped);
      preface -= skipped;
      std::string out;
      while (left.size() >= 9) {
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(left[i]); };
        const std::size_t size = (at(0) * 65536U + at(1) * 256U + at(2)) + 9U;
        if (left.size() < size) break;
        if (at(3) == 1) out += answer_(at(7) * 256U + at(8), number++);
        left.erase(0, size);
      }
      if (!error && !out.empty()) asio::write(one, asio::buffer(out), error);
    }
  }

  Answer answer_;
  std::string settings_;
  asio::io_context loop_;
  asio::ip::tcp::acceptor acceptor_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

TEST(LoadVerb, asks_again_what_was_not_processed_before_goaway) {
  // Ten answers, then the connection ends; five requests are under way at a time.
  const ScriptedServer server("", [](unsigned stream, int number) {
    if (number > 10) return std::string();
    return ScriptedServer::status_200(stream) + (number == 10 ? ScriptedServer::goaway(stream) : "");
  });
  const Finished done = run_program({"h2", "load", "--json", "-n", "45", "-m", "5", server.url()});
  const auto result = nlohmann::json::parse(done.out, nullptr, false);
  EXPECT_EQ(done.exit, 0) << done.out << done.err;
  EXPECT_EQ(result["answered"], 45);
  EXPECT_EQ(result["failed"], 0);
  EXPECT_GT(result["asked_again"], 0);
  EXPECT_EQ(result["connections"], 5);
}

TEST(LoadVerb, ends_with_a_reason_where_no_connection_comes_to_an_answer) {
  const auto load_of = [](const std::string& url) {
    return run_program({"h2", "load", "-n", "1000", "-m", "3", "--timeout", "100ms", url});
  };
  const ScriptedServer mute("", [](unsigned /*stream*/, int /*number*/) { return std::string(); });
  const Finished unanswered = load_of(mute.url());
  EXPECT_EQ(unanswered.exit, 3);
  EXPECT_THAT(unanswered.err, HasSubstr("it does not answer"));
  const ScriptedServer closed(ScriptedServer::number_of(3, 2) + ScriptedServer::number_of(0, 4),
                              [](unsigned /*stream*/, int /*number*/) { return std::string(); });
  const Finished streamless = load_of(closed.url());
  EXPECT_EQ(streamless.exit, 3);
  // It may have been asked before it had said so.
  EXPECT_THAT(streamless.err, AnyOf(HasSubstr("it allows no stream"), HasSubstr("it does not answer")));
}

TEST(LoadVerb, tells_how_far_it_came_when_the_server_stops_answering) {
  std::atomic<int> all = 0;
  const ScriptedServer server(
      "", [&](unsigned stream, int /*number*/) { return ++all > 20 ? std::string() : ScriptedServer::status_200(stream); });
  const Finished done = run_program({"h2", "load", "-n", "1000", "-m", "4", "--timeout", "100ms", server.url()});
  EXPECT_EQ(done.exit, 1);
  EXPECT_THAT(done.out, HasSubstr("requests  20 answered"));
  EXPECT_THAT(done.out, HasSubstr("never sent: it does not answer"));
}

TEST(LoadVerb, says_that_nobody_listens) {
  const Finished done = run_program({"h2", "load", "http://127.0.0.1:9/"});
  EXPECT_EQ(done.exit, 3);
  EXPECT_THAT(done.err, HasSubstr("load http://127.0.0.1:9/: Connection refused"));
}

TEST(LoadVerb, says_that_a_server_keeps_no_connection) {
  // It takes connections, and closes each at once.
  http2::server_options none;
  none.connections = 0;
  TestServer server([](exchange one) { one.respond(head(), "x"); }, none);
  const Finished done = run_program({"h2", "load", "-c", "3", url_of(server)});
  EXPECT_EQ(done.exit, 3);
  EXPECT_THAT(done.err, HasSubstr("it ends connections without an answer"));
}

TEST(LoadVerb, shows_what_it_has_at_a_signal) {
  TestServer server([](exchange one) { one.respond(head(), "x"); });
  const Finished done = run_program({"h2", "load", "--for", "1h", url_of(server)},
                                    During{.signal = SIGINT, .signal_after = std::chrono::milliseconds(500)});
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("requests  "));
}

}  // namespace
}  // namespace uncork::cli
