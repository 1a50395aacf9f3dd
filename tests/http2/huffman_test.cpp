// Huffman codes: ours against a decoder that takes one bit at a time, for codes that were damaged too.

#include "http2/hpack/huffman.hpp"

#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <random>
#include <string>

#include "tests/http2/bytes.hpp"

namespace uncork::http2 {
namespace {

using Bytes = std::vector<std::byte>;
using Bits = std::string;  // of '0' and '1'

Bits bits_of(const Bytes& bytes) {
  Bits bits;
  for (const std::byte byte : bytes) {
    for (unsigned i = 8; i-- > 0;) bits += (std::to_integer<unsigned>(byte) >> i & 1U) != 0 ? '1' : '0';
  }
  return bits;
}

/// The code of each byte: eight in a row have as many bytes as one has bits.
std::map<Bits, char> make_codes() {
  std::map<Bits, char> codes;
  for (int c = 0; c < 256; ++c) {
    const std::string text(8, static_cast<char>(c));
    Bytes code;
    huffman_encode(text, code);
    codes.emplace(bits_of(code).substr(0, code.size()), static_cast<char>(c));
  }
  return codes;
}

std::optional<std::string> decode_slowly(const Bytes& code) {
  static const std::map<Bits, char> kCodes = make_codes();
  std::string text;
  Bits pending;
  for (const char bit : bits_of(code)) {
    pending += bit;
    const auto found = kCodes.find(pending);
    if (found == kCodes.end()) continue;
    text += found->second;
    pending.clear();
  }
  if (pending.size() > 7 || pending.find('0') != Bits::npos) return std::nullopt;
  return text;
}

std::optional<std::string> decode(const Bytes& code) {
  // Behind what it may write to stands something that it must not touch.
  std::string into(kMostHuffmanGrowth * code.size() + 1, '#');
  const char* end = huffman_decode(code, into.data());
  EXPECT_EQ(into.back(), '#');
  if (end == nullptr) return std::nullopt;
  return into.substr(0, static_cast<std::size_t>(end - into.data()));
}

TEST(HuffmanCode, is_one_of_the_rfc) {  // appendix B: the shortest, one of seven bits, one of eight, the longest
  const auto codes = make_codes();
  EXPECT_EQ(codes.size(), 256U);
  EXPECT_EQ(codes.at("00000"), '0');
  EXPECT_EQ(codes.at("1110101"), 'k');
  EXPECT_EQ(codes.at("11111000"), '&');
  EXPECT_EQ(codes.at("111111111111111111111111111100"), '\n');
}

TEST(HuffmanDecoder, agrees_with_one_that_takes_a_bit_at_a_time) {
  std::mt19937_64 random(5);
  int refused = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string text(random() % 40, '\0');
    const bool any_byte = random() % 4 == 0;
    for (char& c : text) c = any_byte ? static_cast<char>(random()) : "etaoinshrdlu0123456789/-_.%ABCXYZ{"[random() % 34];
    Bytes code;
    huffman_encode(text, code);
    ASSERT_EQ(decode(code), text);
    for (std::size_t damaged = random() % 3; damaged-- > 0 && !code.empty();) {
      code[random() % code.size()] = static_cast<std::byte>(random());
    }
    if (random() % 3 == 0 && !code.empty()) code.resize(random() % code.size());
    const auto expected = decode_slowly(code);
    ASSERT_EQ(decode(code), expected) << i;
    refused += expected ? 0 : 1;
  }
  EXPECT_GT(refused, 4'000);
}

TEST(HuffmanDecoder, agrees_for_every_code_of_two_bytes) {
  for (unsigned value = 0; value < 0x10000; ++value) {
    const Bytes code = {static_cast<std::byte>(value >> 8U), static_cast<std::byte>(value)};
    ASSERT_EQ(decode(code), decode_slowly(code)) << value;
  }
}

TEST(HuffmanDecoder, takes_padding_of_up_to_seven_ones) {
  EXPECT_EQ(decode({}), "");
  EXPECT_EQ(decode(testing::hex("07")), "0");                 // 00000 111
  EXPECT_EQ(decode(testing::hex("06")), std::nullopt);        // 00000 110
  EXPECT_EQ(decode(testing::hex("07ff")), std::nullopt);      // eleven ones
  EXPECT_EQ(decode(testing::hex("ff")), std::nullopt);        // eight
  EXPECT_EQ(decode(testing::hex("fffffffc")), std::nullopt);  // EOS, and two bits
}

}  // namespace
}  // namespace uncork::http2
