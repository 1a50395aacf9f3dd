// Bodies of gRPC, cut into messages.

#include "rpc/message_splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <zlib.h>

#include <string>
#include <vector>

namespace uncork::rpc {
namespace {

using ::testing::HasSubstr;

std::string packed(const std::string& text) {
  constexpr int kGzip = 16 + MAX_WBITS;
  constexpr int kMemory = 8;
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY);
  std::string from = text;
  std::string made(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(from.data());
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = reinterpret_cast<Bytef*>(made.data());
  stream.avail_out = static_cast<uInt>(made.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  made.resize(stream.total_out);
  deflateEnd(&stream);
  return made;
}

std::string framed(const std::string& message, bool is_packed = false) {
  std::string body;
  put_prefix(message.size(), body);
  body[0] = is_packed ? '\1' : '\0';
  return body + message;
}

Code code_of(const std::string& body, Encoding encoding = Encoding::identity) {
  MessageSplitter splitter(encoding);
  splitter.put(body);
  const auto message = splitter.next();
  return message ? Code::ok : message.error().code;
}

TEST(MessageSplitter, holds_no_more_than_a_message_though_none_ends_where_a_read_does) {
  MessageSplitter splitter;
  const std::string body = framed(std::string(4096 - 5, 'x'));
  splitter.put(framed("short").substr(0, 7));
  for (int i = 0; i < 1000; ++i) {
    splitter.put(i == 0 ? framed("short").substr(7) + body : body);
    splitter.put(body.substr(0, 8));
    while (splitter.next()->has_value()) {
    }
    splitter.put(body.substr(8));
    EXPECT_LE(splitter.held(), 3 * body.size());
  }
}

TEST(MessageSplitter, gives_the_messages_of_a_body_however_it_comes) {
  rc::check([] {
    const auto messages = *rc::gen::arbitrary<std::vector<std::string>>();
    std::string body;
    for (const std::string& message : messages) body += framed(message);
    MessageSplitter splitter;
    std::vector<std::string> got;
    for (std::size_t at = 0; at < body.size();) {
      const auto size = *rc::gen::inRange<std::size_t>(1, 12);
      splitter.put(std::string_view(body).substr(at, size));
      at += size;
      for (;;) {
        auto message = splitter.next();
        RC_ASSERT(message.has_value());
        if (!*message) break;
        got.push_back(**message);
      }
    }
    RC_ASSERT(got == messages);
    RC_ASSERT(splitter.is_at_end());
  });
}

TEST(MessageSplitter, knows_a_body_that_ends_within_a_message) {
  MessageSplitter splitter;
  splitter.put(framed("abc").substr(0, 7));
  EXPECT_EQ(splitter.next().value(), std::nullopt);
  EXPECT_FALSE(splitter.is_at_end());
}

TEST(MessageSplitter, refuses_what_is_too_long_before_it_has_come) {
  std::string prefix;
  put_prefix(kMostMessageBytes + 1, prefix);
  EXPECT_EQ(code_of(prefix), Code::resource_exhausted);
  EXPECT_EQ(code_of(framed(std::string(kMostMessageBytes, 'x'))), Code::ok);
}

TEST(MessageSplitter, unpacks_gzip_where_the_request_says_so) {
  const std::string body = framed(packed("hello"), true) + framed("plain");
  MessageSplitter splitter(Encoding::gzip);
  splitter.put(body);
  EXPECT_EQ(splitter.next().value(), "hello");
  EXPECT_EQ(splitter.next().value(), "plain");
  EXPECT_EQ(code_of(body), Code::internal) << "nobody said that it is compressed";
  EXPECT_EQ(code_of("\x02" + framed("").substr(1)), Code::internal);
  EXPECT_EQ(code_of(framed("no gzip", true), Encoding::gzip), Code::internal);
  EXPECT_EQ(code_of(framed(packed("hello").substr(0, 12), true), Encoding::gzip), Code::internal) << "cut short";
}

TEST(MessageSplitter, does_not_unpack_a_bomb) {
  const std::string bomb = packed(std::string(10 << 20, '\0'));
  ASSERT_LT(bomb.size(), kMostMessageBytes);
  EXPECT_EQ(code_of(framed(bomb, true), Encoding::gzip), Code::resource_exhausted);
  EXPECT_EQ(unpacked(packed(std::string(kMostMessageBytes, 'x'))), std::string(kMostMessageBytes, 'x'));
}

}  // namespace
}  // namespace uncork::rpc
