// Which messages are well-formed (RFC 9113 8.2 and 8.3, RFC 8441). They are decoded first, as all that are judged are.

#include "http2/message_rules.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "http2/hpack/decoder.hpp"
#include "http2/hpack/encoder.hpp"

namespace uncork::http2 {
namespace {

using List = std::vector<std::pair<std::string, std::string>>;

/// As it comes from a peer; nothing if a name or a value by itself may not be.
std::optional<fields> received(const List& list) {
  fields sent;
  for (const auto& [name, value] : list) sent.add(name, value);
  std::vector<std::byte> block;
  HpackEncoder().encode(sent, block);
  fields read;
  const DecodedBlock done = HpackDecoder().decode(block, {}, read);
  EXPECT_EQ(done.error, errc::no_error);
  if (!done.well_formed) return std::nullopt;
  return read;
}

std::optional<MessageFacts> request(const List& list, ExtendedConnect extended = ExtendedConnect::refused) {
  std::string_view why;
  const auto read = received(list);
  const auto facts = read ? judge_request(*read, extended, why) : std::nullopt;
  EXPECT_EQ(facts.has_value(), read.has_value() && why.empty());
  return facts;
}

std::optional<MessageFacts> response(const List& list) {
  std::string_view why;
  const auto read = received(list);
  return read ? judge_response(*read, why) : std::nullopt;
}

bool trailers(const List& list) {
  std::string_view why;
  const auto read = received(list);
  return read && judge_trailers(*read, why);
}

const List kGet = {{":method", "GET"}, {":scheme", "https"}, {":authority", "example.org"}, {":path", "/"}};

List with(List list, const List& more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}
List without(const std::string& name) {
  List list = kGet;
  std::erase_if(list, [&](const auto& one) { return one.first == name; });
  return list;
}
List replaced(const std::string& name, const std::string& value) {
  List list = kGet;
  for (auto& one : list) {
    if (one.first == name) one.second = value;
  }
  return list;
}

TEST(Request, has_method_scheme_and_path) {
  EXPECT_TRUE(request(kGet));
  EXPECT_TRUE(request(without(":authority")));
  for (const char* name : {":method", ":scheme", ":path"}) EXPECT_FALSE(request(without(name))) << name;
  for (const char* name : {":method", ":scheme", ":path", ":authority"}) EXPECT_FALSE(request(replaced(name, ""))) << name;
}

TEST(Request, has_each_pseudo_field_once_and_before_the_others) {
  for (const auto& [name, value] : kGet) {
    EXPECT_FALSE(request(with(kGet, {{name, value}}))) << name;
    EXPECT_FALSE(request(with(with(without(name), {{"x", "y"}}), {{name, value}}))) << name;
  }
}

TEST(Request, has_no_other_pseudo_field) {
  EXPECT_FALSE(request(with(kGet, {{":status", "200"}})));
  EXPECT_FALSE(request(with(kGet, {{":unknown", "x"}})));
  EXPECT_FALSE(request(with(kGet, {{":", "x"}})));
}

TEST(Request, has_no_field_that_is_specific_to_a_connection) {
  for (const char* name : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    EXPECT_FALSE(request(with(kGet, {{name, "x"}}))) << name;
    EXPECT_FALSE(response({{":status", "200"}, {name, "x"}})) << name;
    EXPECT_FALSE(trailers({{name, "x"}})) << name;
  }
}

TEST(Request, may_have_te_for_trailers_alone) {
  EXPECT_TRUE(request(with(kGet, {{"te", "trailers"}})));
  EXPECT_TRUE(request(with(kGet, {{"te", "Trailers"}})));  // RFC 9110 10.1.4: a keyword, whose case means nothing
  EXPECT_FALSE(request(with(kGet, {{"te", "gzip"}})));
  EXPECT_FALSE(request(with(kGet, {{"te", ""}})));
  EXPECT_FALSE(request(with(kGet, {{"te", "trailers"}, {"te", "gzip"}})));
}

TEST(Request, may_repeat_a_field_that_may_be_repeated) {
  EXPECT_TRUE(request(with(kGet, {{"cookie", "a=1"}, {"cookie", "b=2"}, {"x", "1"}, {"x", "1"}})));
}

TEST(Request, has_a_host_that_is_the_authority) {
  EXPECT_TRUE(request(with(kGet, {{"host", "example.org"}})));
  EXPECT_TRUE(request(with(without(":authority"), {{"host", "example.org"}})));
  EXPECT_FALSE(request(with(kGet, {{"host", "example.com"}})));
  EXPECT_FALSE(request(with(kGet, {{"host", "example.org"}, {"host", "example.org"}})));
  EXPECT_FALSE(request(with(without(":authority"), {{"host", "user@example.org"}})));
}

TEST(Request, has_a_path_that_begins_with_a_slash_where_the_scheme_is_http) {
  EXPECT_FALSE(request(replaced(":path", "index.html")));
  EXPECT_FALSE(request(replaced(":path", "*")));
  List options = replaced(":path", "*");
  options[0].second = "OPTIONS";
  EXPECT_TRUE(request(options));
  List other = replaced(":path", "index.html");
  other[1].second = "urn";
  EXPECT_TRUE(request(other));
}

TEST(Connect, has_an_authority_and_neither_scheme_nor_path) {
  const auto facts = request({{":method", "CONNECT"}, {":authority", "example.org:443"}});
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->is_connect);
  EXPECT_FALSE(facts->is_extended);
  EXPECT_FALSE(request({{":method", "CONNECT"}}));
  EXPECT_FALSE(request({{":method", "CONNECT"}, {":authority", ""}}));
  EXPECT_FALSE(request(replaced(":method", "CONNECT")));
}

TEST(ExtendedConnect, has_them_all_and_must_have_been_allowed) {
  const List websocket = with(replaced(":method", "CONNECT"), {{":protocol", "websocket"}});
  EXPECT_FALSE(request(websocket));
  const auto facts = request(websocket, ExtendedConnect::allowed);
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->is_connect);
  EXPECT_TRUE(facts->is_extended);
  EXPECT_FALSE(request(with(kGet, {{":protocol", "websocket"}}), ExtendedConnect::allowed));
  EXPECT_FALSE(request(with(replaced(":method", "CONNECT"), {{":protocol", ""}}), ExtendedConnect::allowed));
  EXPECT_FALSE(request({{":method", "CONNECT"}, {":authority", "a"}, {":protocol", "websocket"}}, ExtendedConnect::allowed));
}

TEST(ContentLength, is_a_number_that_comes_once) {
  EXPECT_EQ(request(with(kGet, {{"content-length", "4711"}}))->content_length, 4711U);
  EXPECT_EQ(request(kGet)->content_length, std::nullopt);
  EXPECT_EQ(content_length_of("9223372036854775807"), 9223372036854775807U);
  for (const char* value : {"", "-1", "+1", "1x", " 1", "0x1", "1,1", "9223372036854775808", "99999999999999999999"}) {
    EXPECT_EQ(content_length_of(value), std::nullopt) << value;
  }
  EXPECT_FALSE(request(with(kGet, {{"content-length", "1x"}})));
  EXPECT_FALSE(request(with(kGet, {{"content-length", "1"}, {"content-length", "1"}})));
}

TEST(Response, has_a_status_of_three_digits_and_no_other_pseudo_field) {
  EXPECT_EQ(response({{":status", "200"}, {"server", "x"}})->status, 200);
  EXPECT_EQ(response({{":status", "103"}})->status, 103);
  for (const char* value : {"", "20", "2000", "+20", "2x0", "099", "101"}) EXPECT_FALSE(response({{":status", value}})) << value;
  EXPECT_FALSE(response({{"server", "x"}}));
  EXPECT_FALSE(response({{"server", "x"}, {":status", "200"}}));
  EXPECT_FALSE(response({{":status", "200"}, {":status", "200"}}));
  EXPECT_FALSE(response({{":status", "200"}, {":path", "/"}}));
}

TEST(Trailers, have_no_pseudo_field) {
  EXPECT_TRUE(trailers({{"grpc-status", "0"}}));
  EXPECT_TRUE(trailers({}));
  EXPECT_FALSE(trailers({{":status", "200"}}));
  EXPECT_FALSE(trailers({{":path", "/"}}));
}

}  // namespace
}  // namespace uncork::http2
