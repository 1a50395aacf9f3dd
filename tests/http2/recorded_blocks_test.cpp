// Field blocks as curl 7.88, nghttp and h2load 1.52 and Node 20 sent them, each on one connection; what they say is what
// python-hpack 4 reads in them.

#include <gmock/gmock.h>

#include "http2/hpack/decoder.hpp"
#include "tests/http2/bytes.hpp"

namespace uncork::http2 {
namespace {

using ::testing::ElementsAre;

/// One connection's blocks.
class Recorded {
 public:
  std::vector<std::string> lines(std::string_view block) {
    fields_.clear();
    const DecodedBlock done = decoder_.decode(testing::hex(block), {}, fields_);
    EXPECT_EQ(done.error, errc::no_error);
    EXPECT_TRUE(done.well_formed);
    EXPECT_FALSE(done.too_large);
    return testing::lines_of(fields_);
  }
  [[nodiscard]] const fields& last() const noexcept { return fields_; }

 private:
  HpackDecoder decoder_;
  fields fields_;
};

TEST(RecordedBlocks, of_curl) {
  Recorded curl;
  EXPECT_THAT(curl.lines("82048360f51786418b089d5c0b8170dc680d05bf7a8825b650c3abbcf2e153032a2f2a1f11861c01fb523805"),
              ElementsAre(":method: GET", ":path: /one", ":scheme: http", ":authority: 127.0.0.1:40415",
                          "user-agent: curl/7.88.1", "accept: */*", "cookie: a=1; b=2"));
}

TEST(RecordedBlocks, of_nghttp) {
  Recorded nghttp;
  EXPECT_THAT(nghttp.lines("82048360f51786418b089d5c0b8170dc69f6801f53032a2f2a907a8aaa69d29ac4c0576c4b83"),
              ElementsAre(":method: GET", ":path: /one", ":scheme: http", ":authority: 127.0.0.1:49401", "accept: */*",
                          "accept-encoding: gzip, deflate", "user-agent: nghttp2/1.52.0"));
  EXPECT_THAT(nghttp.lines("820483613e0f86c0bf90be"),
              ElementsAre(":method: GET", ":path: /two", ":scheme: http", ":authority: 127.0.0.1:49401", "accept: */*",
                          "accept-encoding: gzip, deflate", "user-agent: nghttp2/1.52.0"));
}

TEST(RecordedBlocks, of_h2load) {
  Recorded h2load;
  EXPECT_THAT(h2load.lines("8486418b089d5c0b8170dc6df1043f827a8f9c541c722954d3a5358980aed89707"),
              ElementsAre(":path: /", ":scheme: http", ":authority: 127.0.0.1:59211", ":method: GET",
                          "user-agent: h2load nghttp2/1.52.0"));
  EXPECT_THAT(h2load.lines("8486bf82be"), ElementsAre(":path: /", ":scheme: http", ":authority: 127.0.0.1:59211", ":method: GET",
                                                      "user-agent: h2load nghttp2/1.52.0"));
}

TEST(RecordedBlocks, of_node) {
  Recorded node;
  EXPECT_THAT(node.lines("0482606082418b089d5c0b8170dc6da69a0f8653032a2f2a1003782d6e01301f11821c011f1103623d32"),
              ElementsAre(":path: /a0", ":method: GET", ":authority: 127.0.0.1:54441", ":scheme: http", "accept: */*", "x-n: 0",
                          "cookie: a=1", "cookie: b=2"));
  EXPECT_THAT(node.lines("0482606182bf86be1003782d6e01311f11821c011f1103623d32"),
              ElementsAre(":path: /a1", ":method: GET", ":authority: 127.0.0.1:54441", ":scheme: http", "accept: */*", "x-n: 1",
                          "cookie: a=1", "cookie: b=2"));
  EXPECT_TRUE(node.last()[5].sensitive);
}

}  // namespace
}  // namespace uncork::http2
