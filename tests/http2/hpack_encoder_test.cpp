// Encoding of field blocks: what enters the table, what does not, and that a decoder reads all of it.

#include "http2/hpack/encoder.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "http2/hpack/decoder.hpp"
#include "http2/hpack/huffman.hpp"
#include "tests/http2/bytes.hpp"

namespace uncork::http2 {
namespace {

using testing::hex;
using testing::lines_of;

using bytes = std::vector<std::byte>;

fields answer() {
  fields made;
  made.add(":status", "200");
  made.add("content-type", "text/plain");
  made.add("server", "uncork");
  return made;
}

bytes encode(HpackEncoder& encoder, const fields& message) {
  bytes block;
  encoder.encode(message, block);
  return block;
}

TEST(HpackEncoder, says_a_field_again_in_one_byte) {
  HpackEncoder encoder;
  EXPECT_GT(encode(encoder, answer()).size(), 10U);
  EXPECT_EQ(encode(encoder, answer()), hex("88 bf be"));
}

TEST(HpackEncoder, writes_the_example_of_the_rfc) {  // C.4.1
  HpackEncoder encoder;
  fields request;
  request.add(":method", "GET");
  request.add(":scheme", "http");
  request.add(":path", "/");
  request.add(":authority", "www.example.com");
  EXPECT_EQ(encode(encoder, request), hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"));
}

TEST(HpackEncoder, keeps_sensitive_fields_and_those_that_change_out_of_the_table) {
  HpackEncoder encoder;
  fields message;
  message.add("authorization", "Basic eHl6", true);
  message.add("content-length", "4711");
  const bytes first = encode(encoder, message);
  EXPECT_EQ(std::to_integer<unsigned>(first[0]) & 0xF0U, 0x10U);
  EXPECT_EQ(encode(encoder, message), first);
}

TEST(HpackEncoder, never_indexes_a_sensitive_field_that_the_table_has) {
  HpackEncoder encoder;
  fields open;
  open.add("token", "abc");
  encode(encoder, open);
  fields secret;
  secret.add("token", "abc", true);
  const bytes block = encode(encoder, secret);
  EXPECT_EQ(std::to_integer<unsigned>(block[0]) & 0xF0U, 0x10U);
  EXPECT_GT(block.size(), 3U);
}

TEST(HpackEncoder, tells_the_smallest_and_the_last_size_that_the_peer_allowed) {
  HpackEncoder encoder;
  HpackDecoder decoder;
  fields read;
  ASSERT_EQ(decoder.decode(encode(encoder, answer()), {}, read).error, errc::no_error);
  encoder.allow(0);
  encoder.allow(4096);
  const bytes block = encode(encoder, answer());
  EXPECT_EQ(block[0], std::byte{0x20});
  EXPECT_EQ(std::to_integer<unsigned>(block[1]), 0x3FU);
  read.clear();
  ASSERT_EQ(decoder.decode(block, {}, read).error, errc::no_error);
  EXPECT_EQ(lines_of(read), lines_of(answer()));
  encoder.allow(4096);
  EXPECT_EQ(encode(encoder, answer()), hex("88 bf be"));  // nothing to tell
}

TEST(HpackEncoder, uses_no_more_of_a_large_table_than_it_has_use_for) {
  HpackEncoder encoder;
  encoder.allow(1U << 20U);
  EXPECT_EQ(encode(encoder, {}), bytes());
}

TEST(HpackEncoder, writes_what_the_decoder_reads) {
  EXPECT_TRUE(rc::check([] {
    HpackEncoder encoder;
    HpackDecoder decoder;
    const auto messages = *rc::gen::container<std::vector<std::vector<std::pair<std::string, std::string>>>>(
        rc::gen::container<std::vector<std::pair<std::string, std::string>>>(rc::gen::pair(
            rc::gen::element<std::string>("a", "server", ":status", "x-long-name-of-a-field", "etag", "cookie", "date"),
            rc::gen::oneOf(
                rc::gen::element<std::string>("200", "", "a", "text/plain"), rc::gen::arbitrary<std::string>(),
                rc::gen::map(rc::gen::inRange<std::size_t>(0, 3000), [](std::size_t size) { return std::string(size, 'v'); })))));
    for (const auto& message : messages) {
      const auto table = *rc::gen::element(0U, 100U, 300U, 4096U, 100000U);
      if (*rc::gen::inRange(0, 4) == 0) encoder.allow(std::min(table, 4096U));
      fields sent;
      for (const auto& [name, value] : message) sent.add(name, value, *rc::gen::inRange(0, 8) == 0);
      fields read;
      const field_limits none{~0U, ~0U};
      RC_ASSERT(decoder.decode(encode(encoder, sent), none, read).error == errc::no_error);
      RC_ASSERT(lines_of(read) == lines_of(sent));
    }
  }));
}

TEST(Huffman, decodes_what_it_encoded) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    bytes code;
    huffman_encode(text, code);
    RC_ASSERT(code.size() == huffman_size(text));
    std::string read(kMostHuffmanGrowth * code.size(), '\0');
    const char* end = huffman_decode(code, read.data());
    RC_ASSERT(end != nullptr);
    read.resize(static_cast<std::size_t>(end - read.data()));
    RC_ASSERT(read == text);
  }));
}

TEST(Huffman, knows_every_byte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += std::string(3, static_cast<char>(c));
  bytes code;
  huffman_encode(all, code);
  std::string read(kMostHuffmanGrowth * code.size(), '\0');
  const char* end = huffman_decode(code, read.data());
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(std::string_view(read.data(), end), all);
}

}  // namespace
}  // namespace uncork::http2
