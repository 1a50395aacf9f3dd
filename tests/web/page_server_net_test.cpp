// The page's server on real sockets: browsers that are slow, requests that are hostile.

#include "web/page/page_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/cure/scratch_directory.hpp"

namespace uncork::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

std::shared_ptr<collect::Snapshot> polled(std::uint64_t sequence, std::size_t messages = 0) {
  auto snapshot = std::make_shared<collect::Snapshot>();
  snapshot->poll.sequence = sequence;
  snapshot->poll.messages.assign(messages, std::string(1000, 'm'));
  snapshot->interval = std::chrono::seconds(1);
  snapshot->at = core::MonotonicClock::now();
  return snapshot;
}

class PageServerNet : public ::testing::Test {
 protected:
  PageServerNet() {
    auto started = PageServer::start(board_, {.listen = "127.0.0.1:0", .store = "", .interval = std::chrono::seconds(1)});
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
    if (started) server_ = std::move(*started);
    const std::string address = server_->address();
    port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  asio::ip::tcp::socket connect() {
    asio::ip::tcp::socket socket(loop_);
    socket.connect({asio::ip::address_v4::loopback(), port_});
    return socket;
  }

  /// All that the server says until it closes.
  static std::string rest(asio::ip::tcp::socket& socket) {
    std::string said;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(said), error);
    return said;
  }

  /// What is answered to these bytes, behind which nothing comes.
  std::string answer_to(const std::string& bytes) {
    auto socket = connect();
    boost::system::error_code error;  // it may close before it has read all
    asio::write(socket, asio::buffer(bytes), error);
    socket.shutdown(asio::socket_base::shutdown_send, error);
    return rest(socket);
  }

  /// A browser's end; `host` and `origin` as it says them.
  using Browser = beast::websocket::stream<asio::ip::tcp::socket>;
  Browser browse(const std::string& origin = "", int receive_buffer = 0) {
    asio::ip::tcp::socket socket(loop_);
    socket.open(asio::ip::tcp::v4());
    if (receive_buffer != 0) socket.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
    socket.connect({asio::ip::address_v4::loopback(), port_});
    Browser browser(std::move(socket));
    browser.read_message_max(64 << 20);
    browser.set_option(beast::websocket::stream_base::decorator([origin](beast::websocket::request_type& request) {
      if (!origin.empty()) request.set(beast::http::field::origin, origin);
    }));
    return browser;
  }
  static Json read(Browser& browser) {
    beast::flat_buffer buffer;
    browser.read(buffer);
    return Json::parse(beast::buffers_to_string(buffer.data()));
  }

  collect::Board board_;
  std::unique_ptr<PageServer> server_;
  std::uint16_t port_ = 0;
  asio::io_context loop_;
};

TEST_F(PageServerNet, answers_one_request_after_the_other_on_one_connection) {
  board_.publish(polled(7));
  const std::string said = answer_to(
      "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /api/state HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(said, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(said, HasSubstr("ready since poll 7\nHTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(said, HasSubstr("\r\n\r\nHTTP/1.1 200 OK\r\n")) << "the answer to HEAD has no body";
  EXPECT_THAT(said, HasSubstr("Content-Security-Policy: default-src 'none'; script-src 'self'"));
  EXPECT_THAT(said, HasSubstr("\"sequence\":7"));
}

TEST_F(PageServerNet, refuses_what_is_too_long_or_no_request) {
  const std::string host = "Host: localhost\r\n\r\n";
  EXPECT_THAT(answer_to("GET /" + std::string(5000, 'a') + " HTTP/1.1\r\n" + host), StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nX: " + std::string(9000, 'a') + "\r\n" + host), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\n" + std::string(200'000, 'a')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(answer_to("\x16\x03\x01\x02 hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer_to("POST /api/state HTTP/1.1\r\nContent-Length: 4\r\n" + host + "body"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer_to("GET /api/state HTTP/1.1\r\nContent-Length: 4\r\n" + host + "body"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(answer_to("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 421 "));
  EXPECT_EQ(answer_to(""), "");
  EXPECT_EQ(answer_to("GET / HT"), "");
  EXPECT_THAT(answer_to("GET /healthz HTTP/1.1\r\nConnection: close\r\n" + host), StartsWith("HTTP/1.1 200 "))
      << "it is still there";
}

TEST_F(PageServerNet, takes_64_connections_at_once_and_no_more) {
  std::vector<asio::ip::tcp::socket> held;
  for (int i = 0; i < 64; ++i) {
    held.push_back(connect());
    asio::write(held.back(), asio::buffer(std::string_view("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")));
    std::array<char, 12> begin{};
    asio::read(held.back(), asio::buffer(begin));
    ASSERT_EQ(std::string_view(begin.data(), begin.size()), "HTTP/1.1 200") << i;
  }
  auto refused = connect();
  EXPECT_THAT(rest(refused), StartsWith("HTTP/1.1 503 "));
  held.clear();
  // Their ends take a moment to be seen.
  std::string said;
  for (int i = 0; i < 1000 && !said.starts_with("HTTP/1.1 200"); ++i) {
    said = answer_to("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_THAT(said, StartsWith("HTTP/1.1 200 "));
}

TEST_F(PageServerNet, tells_a_browser_of_each_poll) {
  Browser browser = browse("http://localhost:1");
  browser.handshake("localhost:1", "/ws");
  EXPECT_EQ(read(browser).at("state"), nullptr) << "no poll yet";
  for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
    board_.publish(polled(sequence));
    const Json message = read(browser);
    EXPECT_EQ(message.at("type"), "live");
    EXPECT_EQ(message.at("state").at("sequence"), sequence);
    EXPECT_EQ(message.at("state").at("page").at("browsers"), 1);
  }
}

TEST_F(PageServerNet, takes_what_a_browser_wants_to_see_and_says_what_is_wrong_with_it) {
  Browser browser = browse();
  browser.handshake("localhost", "/ws");
  EXPECT_EQ(read(browser).at("type"), "live");
  for (const char* wrong : {R"({"filter":"rtt > 1ms"})", R"({"since":"x"})", R"({"colour":"red"})", "no JSON", "[]"}) {
    browser.write(asio::buffer(std::string_view(wrong)));
    const Json message = read(browser);
    EXPECT_EQ(message.at("type"), "error") << wrong;
    EXPECT_NE(message.at("error"), "") << wrong;
  }
  browser.write(asio::buffer(std::string_view(R"({"filter":"comm = nginx"})")));
  EXPECT_EQ(read(browser).at("type"), "live");
}

TEST_F(PageServerNet, ends_a_browser_that_says_too_much) {
  Browser browser = browse();
  browser.handshake("localhost", "/ws");
  EXPECT_EQ(read(browser).at("type"), "live");
  boost::system::error_code error;
  browser.write(asio::buffer(std::string(100'000, ' ')), error);
  beast::flat_buffer buffer;
  for (int i = 0; i < 10 && !error; ++i) browser.read(buffer, error);
  EXPECT_TRUE(error);
}

TEST_F(PageServerNet, refuses_pages_of_other_origins) {
  for (const char* origin : {"http://evil.example", "null", "http://localhost:2"}) {
    Browser browser = browse(origin);
    boost::system::error_code error;
    beast::websocket::response_type response;
    browser.handshake(response, "localhost:1", "/ws", error);
    EXPECT_EQ(response.result_int(), 403U) << origin;
  }
}

TEST_F(PageServerNet, a_slow_browser_gets_the_newest_and_delays_neither_polls_nor_others) {
  Browser slow = browse("", 4096);
  slow.handshake("localhost", "/ws");
  Browser quick = browse();
  quick.handshake("localhost", "/ws");
  EXPECT_EQ(read(quick).at("type"), "live");
  constexpr std::uint64_t kPolls = 40;
  core::Micros published{0};
  Json last;
  for (std::uint64_t sequence = 1; sequence <= kPolls; ++sequence) {
    const core::Time begin = core::MonotonicClock::now();
    board_.publish(polled(sequence, 400));  // 400 KB, of which the slow one's socket takes a few
    published += core::MonotonicClock::now() - begin;
    last = read(quick);
    EXPECT_EQ(last.at("state").at("sequence"), sequence);
  }
  EXPECT_LT(published, std::chrono::seconds(5)) << "publishing does not wait for anybody";
  EXPECT_GT(last.at("state").at("page").at("skipped"), 5);
  // It had one under way, and finds the newest behind that: whatever came in between was skipped.
  std::vector<std::uint64_t> seen;
  while (seen.empty() || seen.back() < kPolls) {
    const Json message = read(slow);
    if (message.at("state") != nullptr) seen.push_back(message.at("state").at("sequence"));
  }
  EXPECT_LT(seen.size(), kPolls / 2);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(PageServerNet, may_end_with_browsers_and_requests_under_way_and_polls_to_come) {
  Browser browser = browse();
  browser.handshake("localhost", "/ws");
  auto half = connect();
  asio::write(half, asio::buffer(std::string_view("GET / HTTP/1.1\r\n")));
  std::thread polls([this] {
    for (std::uint64_t i = 0; i < 1000; ++i) board_.publish(polled(i));
  });
  server_.reset();
  polls.join();
  EXPECT_EQ(rest(half), "");
}

TEST_F(PageServerNet, a_port_that_is_taken_is_said_to_be) {
  const auto second = PageServer::start(board_, {.listen = "127.0.0.1:" + std::to_string(port_), .store = ""});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().system_errno, EADDRINUSE);
  EXPECT_FALSE(PageServer::start(board_, {.listen = "nowhere", .store = ""}));
  EXPECT_FALSE(server_->is_open_to_others());
  const auto open = PageServer::start(board_, {.listen = "0.0.0.0:0", .store = ""});
  ASSERT_TRUE(open);
  EXPECT_TRUE((*open)->is_open_to_others());
}

TEST_F(PageServerNet, listens_in_the_file_system_and_takes_the_place_of_one_that_has_ended) {
  const cure::testing::ScratchDirectory folder;
  const std::string path = folder.path() + "/page";
  // What a server that was killed leaves.
  asio::local::stream_protocol::acceptor(loop_, asio::local::stream_protocol::endpoint(path)).close();
  for (int run = 0; run < 2; ++run) {
    const auto server = PageServer::start(board_, {.listen = "unix:" + path, .store = ""});
    ASSERT_TRUE(server) << server.error().message;
    EXPECT_EQ((*server)->address(), "unix:" + path);
    EXPECT_FALSE(PageServer::start(board_, {.listen = "unix:" + path, .store = ""})) << "the first one lives";
    asio::local::stream_protocol::socket socket(loop_);
    socket.connect({path});
    asio::write(socket, asio::buffer(std::string_view("GET /healthz HTTP/1.1\r\nHost: page\r\nConnection: close\r\n\r\n")));
    std::string said;
    boost::system::error_code error;
    asio::read(socket, asio::dynamic_buffer(said), error);
    EXPECT_THAT(said, StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "it takes its socket away";
}

}  // namespace
}  // namespace uncork::web
