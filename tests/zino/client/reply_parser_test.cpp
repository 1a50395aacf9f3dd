#include "zino/client/reply_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace uncork::zino {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// All replies in `bytes`, fed `step` bytes at a time.
std::vector<Reply> parse(std::string_view bytes, std::size_t step = 1) {
  ReplyParser parser;
  std::vector<Reply> replies;
  while (!bytes.empty()) {
    const std::size_t count = std::min(step, bytes.size());
    parser.feed(bytes.substr(0, count));
    bytes.remove_prefix(count);
    for (;;) {
      auto reply = parser.next();
      EXPECT_TRUE(reply) << reply.error().message;
      if (!reply || !*reply) break;
      replies.push_back(std::move(**reply));
    }
  }
  EXPECT_TRUE(parser.empty());
  return replies;
}

std::string error_of(std::string_view bytes, bool ended = true) {
  ReplyParser parser;
  parser.feed(bytes);
  if (ended) parser.end_of_input();
  for (;;) {
    const auto reply = parser.next();
    if (!reply) return reply.error().message;
    if (!*reply) return "";
  }
}

TEST(ReplyParser, takes_every_shape_of_reply) {
  EXPECT_THAT(parse("200 ok\r\n"), ElementsAre(Reply{200, "ok", {}}));
  EXPECT_THAT(parse("304 list\r\n1\r\n22\r\n.\r\n"), ElementsAre(Reply{304, "list", {"1", "22"}}));
  EXPECT_THAT(parse("301 history\r\n.\r\n"), ElementsAre(Reply{301, "history", {}}));
  EXPECT_THAT(parse("302 please provide\r\n200 ok\r\n"), ElementsAre(Reply{302, "please provide", {}}, Reply{200, "ok", {}}));
  EXPECT_THAT(parse("200- commands are:\r\n200- A B\r\n200  C\r\n"), ElementsAre(Reply{200, "C", {"commands are:", "A B"}}));
  EXPECT_THAT(parse("201 foobar\r\n205 Bye\r\n"), ElementsAre(Reply{201, "foobar", {}}, Reply{205, "Bye", {}}));
}

TEST(ReplyParser, takes_what_other_clients_stumble_over) {
  EXPECT_THAT(parse("200 ok\n"), ElementsAre(Reply{200, "ok", {}})) << "LF alone";
  EXPECT_THAT(parse("303\r\nid: 1\r\n.\r\n"), ElementsAre(Reply{303, "", {"id: 1"}})) << "a code without text";
  EXPECT_THAT(parse("300 log\r\n. \r\n .\r\n..\r\n.\r\n"), ElementsAre(Reply{300, "log", {". ", " .", ".."}}));
  EXPECT_THAT(parse("200 f\xF8\r\n"), ElementsAre(Reply{200, "fø", {}})) << "latin-1";
}

TEST(ReplyParser, a_server_that_fails_half_way_through_a_list_gives_an_error_and_no_list) {
  const auto replies = parse("300 log\r\n1 one\r\n500 internal error\r\n200 ok\r\n");
  EXPECT_THAT(replies, ElementsAre(Reply{500, "internal error", {}}, Reply{200, "ok", {}}));
}

TEST(ReplyParser, a_line_that_belongs_to_no_reply_is_an_error_that_quotes_it) {
  ReplyParser parser;
  parser.feed("200 ok\r\nlate line\r\n.\r\n200 ok\r\n");
  EXPECT_EQ(**parser.next(), (Reply{200, "ok", {}}));
  EXPECT_THAT(parser.next().error().message, HasSubstr("'late line' belongs to no answer of a Zino server"));
  EXPECT_FALSE(parser.next()) << "for good";
  EXPECT_THAT(error_of("HTTP/1.1 400 Bad Request\r\n", false), HasSubstr("'HTTP/1.1 400 Bad Request'"));
  EXPECT_THAT(error_of("200- one\r\n201- two\r\n", false), HasSubstr("'201- two'"));
  EXPECT_THAT(error_of("\r\n", false), HasSubstr("''"));
}

TEST(ReplyParser, tells_what_has_come_of_a_reply) {
  ReplyParser parser;
  parser.feed("303 follows\r\nid: 1\r\nsta");
  ASSERT_TRUE(parser.next());
  EXPECT_EQ(parser.unfinished(), "'303 follows' and 1 line");
  ReplyParser other;
  other.feed("20");
  ASSERT_TRUE(other.next());
  EXPECT_EQ(other.unfinished(), "'20'");
}

TEST(ReplyParser, the_end_inside_a_list_is_an_error_that_counts_its_lines) {
  EXPECT_THAT(error_of("304 list\r\n1\r\n2\r\n"), HasSubstr("byte 16: the connection ended inside a list, after 2 lines"));
  EXPECT_THAT(error_of("200 o"), HasSubstr("byte 0: the connection ended inside a line"));
  EXPECT_THAT(error_of("200 ok\r\n"), IsEmpty());
}

TEST(ReplyParser, what_has_no_end_is_refused) {
  EXPECT_THAT(error_of(std::string(ReplyParser::kLongestLine + 1, 'x'), false), HasSubstr("a line of more than"));
  std::string endless = "300 log\r\n";
  const std::string line = std::string(1024 * 1024, 'x') + "\r\n";
  for (int i = 0; i < 65; ++i) endless += line;
  EXPECT_THAT(error_of(endless, false), HasSubstr("more than 67108864 bytes"));
}

TEST(ReplyParser, gives_the_same_replies_however_the_bytes_are_cut) {
  rc::check([] {
    const auto bodies = *rc::gen::container<std::vector<std::string>>(rc::gen::string<std::string>());
    std::string bytes;
    for (const std::string& body : bodies) {
      bytes += "303 æ\r\nx";  // no line is a lone `.`, after which the rest would belong to no reply
      for (const char c : body) bytes += c == '\n' ? "\r\nx" : std::string(1, c);
      bytes += "\r\n.\r\n";
    }
    const auto step = *rc::gen::inRange<std::size_t>(1, 64);
    RC_ASSERT(parse(bytes, step) == parse(bytes, bytes.size() + 1));
  });
}

}  // namespace
}  // namespace uncork::zino
