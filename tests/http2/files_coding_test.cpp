// Accept-Encoding: which copies are tried, in which order. And types by name.

#include <gmock/gmock.h>

#include <string>

#include "http2/files/content_coding.hpp"
#include "http2/files/media_type.hpp"

namespace uncork::http2 {
namespace {

/// The codings' names with a space between; `-` for none.
std::string wanted(std::string_view value) {
  const CodingOrder order = wanted_codings(value);
  std::string text;
  for (const ContentCoding* coding : order.codings()) text.append(text.empty() ? "" : " ").append(coding->name);
  return text.empty() ? "-" : text;
}

TEST(AcceptEncoding, is_served_by_weight_and_then_by_what_is_smallest) {
  EXPECT_EQ(wanted("gzip, deflate, br, zstd"), "br zstd gzip");
  EXPECT_EQ(wanted("gzip"), "gzip");
  EXPECT_EQ(wanted("gzip;q=1.0, br;q=0.9"), "gzip br");
  EXPECT_EQ(wanted("br;q=0.001,zstd;q=0.002"), "zstd br");
  EXPECT_EQ(wanted("GZip"), "gzip");
  EXPECT_EQ(wanted("x-gzip"), "gzip");
  EXPECT_EQ(wanted("gzip ; Q=0.5"), "gzip");
}

TEST(AcceptEncoding, without_a_coding_that_we_have_wants_the_file) {
  for (const char* value :
       {"", " ", ",", "identity", "deflate", "gzip;q=0", "br;q=0.000", "*;q=0", "gzip;q=0, *;q=0", "gzipped"}) {
    EXPECT_EQ(wanted(value), "-") << value;
  }
}

TEST(AcceptEncoding, star_stands_for_what_is_not_named) {
  EXPECT_EQ(wanted("*"), "br zstd gzip");
  EXPECT_EQ(wanted("*, br;q=0"), "zstd gzip");
  EXPECT_EQ(wanted("gzip, *;q=0"), "gzip");
  EXPECT_EQ(wanted("gzip;q=0.3, *;q=0.8"), "br zstd");  // the file as it is weighs 0.8 too
  EXPECT_EQ(wanted("*;q=0, identity"), "-");
}

TEST(AcceptEncoding, may_prefer_the_file_as_it_is) {
  EXPECT_EQ(wanted("gzip;q=0.5, identity"), "-");
  EXPECT_EQ(wanted("gzip;q=0.5, identity;q=0.6, br"), "br");
  EXPECT_EQ(wanted("gzip;q=0.5, identity;q=0.5"), "gzip");
  EXPECT_EQ(wanted("gzip, identity;q=0"), "gzip");
}

TEST(AcceptEncoding, passes_over_elements_that_are_malformed) {
  for (const char* bad : {"br;q=1.1", "br;q=2", "br;q=", "br;q", "br;", "br;q=0.1234", "br;q=-1", "br;q=.5", "br;q=1.001",
                          "br q=1", "br;q=0.5;x=1", "br;q=0,5", "b r", "br;level=5", "br;q=1x", "br;q=00.5"}) {
    EXPECT_EQ(wanted(std::string(bad) + ", gzip"), "gzip") << bad;
  }
  EXPECT_EQ(wanted("br;q=0, br"), "-");  // the first mention counts
}

TEST(MediaType, is_found_by_extension_in_any_case) {
  EXPECT_EQ(media_type("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(media_type("A.HTML"), "text/html; charset=utf-8");
  EXPECT_EQ(media_type("app.min.js"), "text/javascript; charset=utf-8");
  EXPECT_EQ(media_type("a.json"), "application/json");
  EXPECT_EQ(media_type("a.svg"), "image/svg+xml");
  EXPECT_EQ(media_type("a.wasm"), "application/wasm");
  EXPECT_EQ(media_type("a.webmanifest"), "application/manifest+json");
  EXPECT_EQ(media_type("a.zst"), "application/zstd");
  EXPECT_EQ(media_type("a.aac"), "audio/aac");
}

TEST(MediaType, of_what_is_not_known_is_octets) {
  for (const char* name :
       {"", "html", "a.", ".", "a.html.", "a.htmlx", "a.ht", "a.html/b", "a.longer-than-any-of-them", "a.\xff"}) {
    EXPECT_EQ(media_type(name), "application/octet-stream") << name;
  }
}

}  // namespace
}  // namespace uncork::http2
