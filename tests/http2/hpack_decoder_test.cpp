// Decoding of field blocks: the examples of RFC 7541 appendix C, every error, the limits.

#include "http2/hpack/decoder.hpp"

#include <gmock/gmock.h>

#include "tests/http2/bytes.hpp"

namespace uncork::http2 {
namespace {

using ::testing::ElementsAre;
using testing::hex;
using testing::lines_of;

class HpackDecoding : public ::testing::Test {
 protected:
  DecodedBlock decode(std::string_view block) {
    fields_.clear();
    return decoder_.decode(hex(block), limits_, fields_);
  }
  /// The fields of a block that must be right, as `name: value`.
  std::vector<std::string> lines(std::string_view block) {
    const DecodedBlock done = decode(block);
    EXPECT_EQ(done.error, errc::no_error);
    return lines_of(fields_);
  }

  field_limits limits_;
  fields fields_;
  HpackDecoder decoder_;
};

TEST_F(HpackDecoding, reads_a_literal_that_enters_the_table) {  // C.2.1
  EXPECT_THAT(lines("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"),
              ElementsAre("custom-key: custom-header"));
  EXPECT_THAT(lines("be"), ElementsAre("custom-key: custom-header"));
}

TEST_F(HpackDecoding, reads_a_literal_that_does_not_enter_the_table) {  // C.2.2
  EXPECT_THAT(lines("040c 2f73 616d 706c 652f 7061 7468"), ElementsAre(":path: /sample/path"));
  EXPECT_EQ(decode("be").error, errc::compression_error);
}

TEST_F(HpackDecoding, says_which_field_may_never_enter_a_table) {  // C.2.3
  EXPECT_THAT(lines("1008 7061 7373 776f 7264 0673 6563 7265 74"), ElementsAre("password: secret"));
  EXPECT_TRUE(fields_[0].sensitive);
  lines("040c 2f73 616d 706c 652f 7061 7468");
  EXPECT_FALSE(fields_[0].sensitive);
}

TEST_F(HpackDecoding, reads_the_requests_without_huffman) {  // C.3
  EXPECT_THAT(lines("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"),
              ElementsAre(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"));
  EXPECT_THAT(lines("8286 84be 5808 6e6f 2d63 6163 6865"),
              ElementsAre(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"));
  EXPECT_THAT(lines("8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65"),
              ElementsAre(":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com",
                          "custom-key: custom-value"));
}

TEST_F(HpackDecoding, reads_the_requests_with_huffman) {  // C.4
  EXPECT_THAT(lines("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"),
              ElementsAre(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"));
  EXPECT_THAT(lines("8286 84be 5886 a8eb 1064 9cbf"),
              ElementsAre(":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"));
  EXPECT_THAT(lines("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"),
              ElementsAre(":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com",
                          "custom-key: custom-value"));
}

TEST(HpackDecoderOfASmallTable, evicts_as_the_responses_of_the_rfc_do) {  // C.5 and C.6: a table of 256 bytes
  HpackDecoder decoder(256);
  fields read;
  const auto lines = [&](std::string_view block) {
    read.clear();
    EXPECT_EQ(decoder.decode(hex(block), {}, read).error, errc::no_error);
    return lines_of(read);
  };
  EXPECT_THAT(lines("4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 "
                    "63c7 8f0b 97c8 e9ae 82ae 43d3"),
              ElementsAre(":status: 302", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT",
                          "location: https://www.example.com"));
  EXPECT_THAT(lines("4883 640e ffc1 c0bf"),
              ElementsAre(":status: 307", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:21 GMT",
                          "location: https://www.example.com"));
  EXPECT_THAT(lines("88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 "
                    "b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07"),
              ElementsAre(":status: 200", "cache-control: private", "date: Mon, 21 Oct 2013 20:13:22 GMT",
                          "location: https://www.example.com", "content-encoding: gzip",
                          "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"));
}

TEST_F(HpackDecoding, refuses_what_cannot_be_decoded) {
  for (const std::string_view block : {
           "80",                   // index 0
           "be",                   // an empty table has no entry 62
           "ff ffff ffff 0f",      // an index of more than 28 bits
           "ff 80",                // an index that does not end
           "40",                   // no name
           "400a 6375",            // a name that is cut short
           "4001 61",              // no value
           "4001 6105 61",         // a value that is cut short
           "0085 ffff ffff ff00",  // EOS inside a text
           "0081 0000",            // padding of zeros
           "0082 1cff ff00",       // padding of a whole octet
           "82 3f",                // a table size that is not at the beginning, and is cut short
           "82 20",                // a table size that is not at the beginning
           "3fe2 1f",              // a table of 4,097 bytes
       }) {
    EXPECT_EQ(decode(block).error, errc::compression_error) << block;
  }
}

TEST_F(HpackDecoding, lets_the_peer_change_the_size_of_the_table_at_the_beginning_of_a_block) {
  lines("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572");
  EXPECT_THAT(lines("20 3fe1 1f 82"), ElementsAre(":method: GET"));  // 0, then 4,096 again: all is evicted
  EXPECT_EQ(decode("be").error, errc::compression_error);
}

TEST_F(HpackDecoding, stores_no_more_fields_than_the_limit_but_reads_on) {
  limits_.most_fields = 2;
  const DecodedBlock done = decode("8286 84 4001 6101 62");
  EXPECT_EQ(done.error, errc::no_error);
  EXPECT_TRUE(done.too_large);
  EXPECT_THAT(lines_of(fields_), ElementsAre(":method: GET", ":scheme: http"));
  EXPECT_THAT(lines("be"), ElementsAre("a: b"));  // it entered the table
}

TEST_F(HpackDecoding, counts_32_bytes_for_each_field_towards_the_limit) {
  limits_.most_bytes = 42;  // :method GET
  EXPECT_FALSE(decode("82").too_large);
  limits_.most_bytes = 41;
  EXPECT_TRUE(decode("82").too_large);
  EXPECT_TRUE(fields_.empty());
}

TEST_F(HpackDecoding, judges_bytes_also_of_fields_that_come_from_the_table) {
  EXPECT_TRUE(decode("4001 6101 62").well_formed);
  EXPECT_FALSE(decode("4001 4101 62").well_formed);    // A: b
  EXPECT_FALSE(decode("be").well_formed);              // again, from the table
  EXPECT_TRUE(decode("bf").well_formed);               // a: b
  EXPECT_FALSE(decode("0001 6102 620a").well_formed);  // a: b\n
  EXPECT_FALSE(decode("0001 6102 2062").well_formed);  // a: " b"
  EXPECT_FALSE(decode("0000 0162").well_formed);       // a name of no bytes
  EXPECT_FALSE(decode("7e01 62").well_formed);         // A: b, whose name is from the table
}

TEST_F(HpackDecoding, reads_an_entry_of_no_bytes_from_a_table_that_holds_nothing_else) {
  EXPECT_THAT(lines("40 00 00"), ElementsAre(": "));
  EXPECT_THAT(lines("be"), ElementsAre(": "));
  EXPECT_FALSE(decode("be").well_formed);
}

TEST_F(HpackDecoding, names_the_fields_that_mean_something) {
  lines("82 84 87 41 0161 5c 0131 0002 7465 0574 7261 6c73");
  ASSERT_EQ(fields_.size(), 6U);
  EXPECT_EQ(fields_[0].token, known_field::method);
  EXPECT_EQ(fields_[1].token, known_field::path);
  EXPECT_EQ(fields_[2].token, known_field::scheme);
  EXPECT_EQ(fields_[3].token, known_field::authority);
  EXPECT_EQ(fields_[4].token, known_field::content_length);
  EXPECT_EQ(fields_[5].token, known_field::te);
}

// 82 86 84 41...: GET of / at a, which the table is not needed for.
constexpr std::string_view kPlainRequest = "8286 8401 0161";

TEST_F(HpackDecoding, knows_a_block_that_has_come_twice) {
  const auto once = ElementsAre(":method: GET", ":scheme: http", ":path: /", ":authority: a");
  EXPECT_THAT(lines(kPlainRequest), once);
  EXPECT_THAT(lines(kPlainRequest), once);
  EXPECT_TRUE(decode(kPlainRequest).as_before);
  EXPECT_THAT(lines_of(fields_), once);
  EXPECT_THAT(lines("8286 8401 0162"), ElementsAre(":method: GET", ":scheme: http", ":path: /", ":authority: b"));
  EXPECT_FALSE(decode(kPlainRequest).as_before);
}

TEST_F(HpackDecoding, knows_no_block_by_its_bytes_once_the_table_has_changed) {
  lines("4001 6101 31");  // a: 1 enters the table
  for (int i = 0; i < 3; ++i) EXPECT_THAT(lines("be"), ElementsAre("a: 1"));
  lines("4001 6101 32");  // a: 2
  EXPECT_THAT(lines("be"), ElementsAre("a: 2"));
  EXPECT_THAT(lines("be bf"), ElementsAre("a: 2", "a: 1"));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(lines("be"), ElementsAre("a: 2"));
  EXPECT_EQ(decode("20 be").error, errc::compression_error);  // the table of no bytes
  EXPECT_EQ(decode("be").error, errc::compression_error);
}

TEST_F(HpackDecoding, judges_a_known_block_by_the_limits_of_now) {
  for (int i = 0; i < 3; ++i) lines(kPlainRequest);
  limits_.most_fields = 3;
  EXPECT_TRUE(decode(kPlainRequest).too_large);
  limits_.most_fields = 100;
  limits_.most_bytes = 4 * 32 + 10;
  EXPECT_TRUE(decode(kPlainRequest).too_large);
}

TEST_F(HpackDecoding, judges_a_block_that_is_not_well_formed_each_time) {
  for (int i = 0; i < 4; ++i) {
    const DecodedBlock done = decode("0001 4101 31");  // A: 1
    EXPECT_FALSE(done.well_formed);
    EXPECT_FALSE(done.as_before);
  }
}

TEST_F(HpackDecoding, keeps_what_is_sensitive_in_a_known_block) {
  for (int i = 0; i < 4; ++i) {
    decode("1001 6101 31");
    EXPECT_TRUE(fields_[0].sensitive);
  }
}

}  // namespace
}  // namespace uncork::http2
