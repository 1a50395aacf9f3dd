// Beast's messages from and to the fields of HTTP/2.

#include "uncork/http2/beast.hpp"

#include <gtest/gtest.h>

#include <boost/beast/http/write.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace uncork::http2 {
namespace {

namespace http = boost::beast::http;
using lines = std::vector<std::string>;

fields made_of(const std::vector<std::pair<std::string, std::string>>& list) {
  fields made;
  for (const auto& [name, value] : list) made.add(name, value);
  return made;
}
fields request_of(std::vector<std::pair<std::string, std::string>> more, std::string method = "GET") {
  more.insert(more.begin(),
              {{":method", std::move(method)}, {":scheme", "https"}, {":authority", "a.example:8443"}, {":path", "/x?y"}});
  return made_of(more);
}
lines lines_of(const fields& all) {
  lines made;
  for (const field one : all) made.push_back(std::string(one.name) + ": " + std::string(one.value));
  return made;
}
std::string text_of(const auto& message) {
  std::ostringstream text;
  text << message;
  return text.str();
}
/// Nothing if it was refused.
template <typename Message>
std::optional<Message> beast_of(const fields& head, std::string body = {}) {
  Message made;
  boost::system::error_code error = make_error_code(errc::cancel);
  to_beast(head, std::move(body), made, error);
  if (!error) return made;
  EXPECT_EQ(error, make_error_code(errc::protocol_error));
  return std::nullopt;
}
std::optional<lines> fields_of(const beast_request& message, std::string_view scheme = "https") {
  boost::system::error_code error = make_error_code(errc::cancel);
  const fields made = from_beast(message, scheme, error);
  if (!error) return lines_of(made);
  EXPECT_EQ(error, make_error_code(errc::protocol_error));
  EXPECT_TRUE(made.empty());
  return std::nullopt;
}
std::optional<lines> fields_of(const beast_response& message) {
  boost::system::error_code error = make_error_code(errc::cancel);
  const fields made = from_beast(message, error);
  return error ? std::nullopt : std::optional(lines_of(made));
}

TEST(ToBeast, makes_a_request_that_can_be_written_as_http1) {
  const auto made = beast_of<beast_request>(request_of({{"accept", "*/*"}, {"x", "1"}, {"x", "2"}}, "POST"), "body");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->method(), http::verb::post);
  EXPECT_TRUE(made->keep_alive());
  EXPECT_EQ(text_of(*made),
            "POST /x?y HTTP/1.1\r\nHost: a.example:8443\r\naccept: */*\r\nx: 1\r\nx: 2\r\nContent-Length: 4\r\n\r\nbody");
}

TEST(ToBeast, joins_the_crumbs_of_a_cookie) {
  const auto made =
      beast_of<beast_request>(request_of({{"cookie", "a=1"}, {"b", "2"}, {"cookie", "c=3; d=4"}, {"cookie", "e=5"}}));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->count(http::field::cookie), 1U);
  EXPECT_EQ((*made)[http::field::cookie], "a=1; c=3; d=4; e=5");
}

TEST(ToBeast, leaves_out_what_is_of_a_connection) {
  const auto made = beast_of<beast_request>(request_of({{"connection", "close"},
                                                        {"keep-alive", "1"},
                                                        {"proxy-connection", "x"},
                                                        {"transfer-encoding", "chunked"},
                                                        {"upgrade", "h2c"}}));
  ASSERT_TRUE(made);
  EXPECT_EQ(text_of(*made), "GET /x?y HTTP/1.1\r\nHost: a.example:8443\r\n\r\n");
}

TEST(ToBeast, knows_every_form_of_a_target) {
  const auto connect = beast_of<beast_request>(made_of({{":method", "CONNECT"}, {":authority", "a:443"}}));
  ASSERT_TRUE(connect);
  EXPECT_EQ(connect->target(), "a:443");
  const auto options = beast_of<beast_request>(made_of({{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}}));
  ASSERT_TRUE(options);
  EXPECT_EQ(text_of(*options), "OPTIONS * HTTP/1.1\r\nHost: \r\n\r\n");
  const auto by_host =
      beast_of<beast_request>(made_of({{":method", "BREW"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}));
  ASSERT_TRUE(by_host);
  EXPECT_EQ(by_host->method(), http::verb::unknown);
  EXPECT_EQ(text_of(*by_host), "BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(ToBeast, refuses_what_is_no_request) {
  using list = std::vector<std::pair<std::string, std::string>>;
  const list bad[] = {
      {},
      {{":method", "GET"}, {":scheme", "http"}},
      {{":method", "GET"}, {":path", "/"}},
      {{":scheme", "http"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", ""}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "x"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "*"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/ HTTP/1.1\r\nx: y"}},
      {{":method", "G T"}, {":scheme", "http"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":status", "200"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":new", "1"}},
      {{":method", "GET"}, {":scheme", "http"}, {"x", "1"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"x", "a\r\nb: c"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"x", " a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"x y", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}, {"host", "a"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "u@a"}, {":path", "/"}},
      {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}, {"host", "b"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"content-length", "1"}},
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"content-length", "0"}, {"content-length", "0"}},
      {{":method", "CONNECT"}, {":authority", "a:443"}, {":scheme", "http"}, {":path", "/"}},
      {{":method", "CONNECT"}, {":protocol", "websocket"}, {":authority", "a"}, {":scheme", "http"}, {":path", "/"}},
      {{":method", "CONNECT"}},
  };
  for (const auto& one : bad) EXPECT_FALSE(beast_of<beast_request>(made_of(one))) << ::testing::PrintToString(one);
}

TEST(ToBeast, makes_a_response_and_keeps_cookies_apart) {
  const auto made = beast_of<beast_response>(made_of({{":status", "200"}, {"set-cookie", "a=1"}, {"set-cookie", "b=2"}}), "hi");
  ASSERT_TRUE(made);
  EXPECT_EQ(text_of(*made), "HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(beast_of<beast_response>(made_of({{":status", "799"}}))->result_int(), 799U);
}

TEST(ToBeast, leaves_the_length_of_a_response_without_a_body_alone) {
  EXPECT_EQ((*beast_of<beast_response>(made_of({{":status", "200"}, {"content-length", "77"}})))["content-length"], "77");
  EXPECT_EQ(beast_of<beast_response>(made_of({{":status", "304"}}))->count("content-length"), 0U);
}

TEST(ToBeast, refuses_what_is_no_response) {
  for (const char* status : {"", "20", "2000", "abc", "099", "101", "+20"}) {
    EXPECT_FALSE(beast_of<beast_response>(made_of({{":status", status}}))) << status;
  }
  EXPECT_FALSE(beast_of<beast_response>(made_of({})));
  EXPECT_FALSE(beast_of<beast_response>(made_of({{":status", "204"}}), "body"));
  EXPECT_FALSE(beast_of<beast_response>(made_of({{":status", "200"}, {"content-length", "5"}}), "body"));
  EXPECT_FALSE(beast_of<beast_response>(made_of({{":status", "200"}, {"content-length", "x"}})));
  EXPECT_FALSE(beast_of<beast_response>(made_of({{":status", "200"}, {":path", "/"}})));
}

TEST(FromBeast, makes_the_fields_of_a_request) {
  beast_request message(http::verb::post, "/x?y", 11, "body");
  message.set(http::field::host, "a.example");
  message.set(http::field::user_agent, "Some");
  message.set("X-Mixed", "Case");
  message.prepare_payload();
  EXPECT_EQ(fields_of(message), (lines{":method: POST", ":scheme: https", ":authority: a.example", ":path: /x?y",
                                       "user-agent: Some", "x-mixed: Case", "content-length: 4"}));
}

TEST(FromBeast, leaves_out_what_is_of_a_connection_and_what_that_names) {
  beast_request message(http::verb::get, "/", 11);
  message.insert(http::field::connection, "Upgrade, X-Own");
  message.insert(http::field::connection, "HTTP2-Settings");
  message.insert(http::field::upgrade, "h2c");
  message.insert("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA");
  message.insert("X-Own", "1");
  message.insert("X-Other", "2");
  message.insert("Keep-Alive", "timeout=5");
  message.insert("Proxy-Connection", "keep-alive");
  message.insert(http::field::te, "gzip;q=0.5, Trailers");
  message.insert(http::field::content_length, "7");
  message.insert(http::field::transfer_encoding, "chunked");
  EXPECT_EQ(fields_of(message, "http"), (lines{":method: GET", ":scheme: http", ":path: /", "x-other: 2", "te: trailers"}));
}

TEST(FromBeast, knows_every_form_of_a_target) {
  beast_request absolute(http::verb::get, "http://b.example:81/p?q", 11);
  absolute.set(http::field::host, "a.example");
  EXPECT_EQ(fields_of(absolute), (lines{":method: GET", ":scheme: http", ":authority: b.example:81", ":path: /p?q"}));
  EXPECT_EQ(fields_of(beast_request(http::verb::connect, "a:443", 11)), (lines{":method: CONNECT", ":authority: a:443"}));
  EXPECT_EQ(fields_of(beast_request(http::verb::options, "*", 11)), (lines{":method: OPTIONS", ":scheme: https", ":path: *"}));
}

TEST(FromBeast, refuses_what_cannot_be_a_request) {
  for (const char* target : {"", "x", "*", "/ y", "/\r\nx: y"})
    EXPECT_FALSE(fields_of(beast_request(http::verb::get, target, 11))) << target;
  beast_request two_hosts(http::verb::get, "/", 11);
  two_hosts.insert(http::field::host, "a");
  two_hosts.insert(http::field::host, "b");
  EXPECT_FALSE(fields_of(two_hosts));
  beast_request user(http::verb::get, "/", 11);
  user.insert(http::field::host, "u@a");
  EXPECT_FALSE(fields_of(user));
  beast_request injected(http::verb::get, "/", 11);
  injected.insert("x", "a\r\nb: c");
  EXPECT_FALSE(fields_of(injected));
  beast_request named(http::verb::get, "/", 11);
  named.insert("x y", "a");
  EXPECT_FALSE(fields_of(named));
  beast_request longer(http::verb::post, "/", 11, "body");
  longer.set(http::field::content_length, "5");
  EXPECT_FALSE(fields_of(longer));
}

TEST(FromBeast, makes_the_fields_of_a_response) {
  beast_response message(http::status::not_found, 11, "none");
  message.insert(http::field::set_cookie, "a=1");
  message.insert(http::field::set_cookie, "b=2");
  message.keep_alive(false);
  EXPECT_EQ(fields_of(message), (lines{":status: 404", "set-cookie: a=1", "set-cookie: b=2", "content-length: 4"}));
  EXPECT_FALSE(fields_of(beast_response(http::status::switching_protocols, 11)));
  EXPECT_FALSE(fields_of(beast_response(http::status::no_content, 11, "body")));
}

TEST(FromBeast, gives_back_what_to_beast_was_given) {
  const fields request = request_of({{"accept", "*/*"}, {"x", "1"}, {"x", "2"}, {"content-length", "4"}}, "PUT");
  EXPECT_EQ(fields_of(*beast_of<beast_request>(request, "body")), lines_of(request));
  const fields response = made_of({{":status", "200"}, {"set-cookie", "a"}, {"set-cookie", "b"}, {"content-length", "4"}});
  EXPECT_EQ(fields_of(*beast_of<beast_response>(response, "body")), lines_of(response));
}

}  // namespace
}  // namespace uncork::http2
