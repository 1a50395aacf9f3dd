// Conditional requests and ranges, as a site answers them.

#include <gmock/gmock.h>

#include "tests/http2/files_folder.hpp"

namespace uncork::http2 {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kBefore = "Tue, 14 Nov 2023 22:13:19 GMT";
constexpr std::string_view kAfter = "Tue, 14 Nov 2023 22:13:21 GMT";

class FileConditions : public FileSiteTest {
 protected:
  void SetUp() override {
    folder_.write("a.txt", "0123456789");
    tag_ = header(get("/a.txt"), "etag");
  }
  [[nodiscard]] int status(Extra extra) const { return get("/a.txt", extra).status; }

  std::string tag_;
};

TEST_F(FileConditions, if_none_match_compares_weakly) {
  EXPECT_EQ(status({{"if-none-match", tag_}}), 304);
  EXPECT_EQ(status({{"if-none-match", "W/" + tag_}}), 304);
  EXPECT_EQ(status({{"if-none-match", "\"x\", " + tag_}}), 304);
  EXPECT_EQ(status({{"if-none-match", "\"x\""}, {"if-none-match", tag_}}), 304);
  EXPECT_EQ(status({{"if-none-match", "*"}}), 304);
  EXPECT_EQ(status({{"if-none-match", "\"x\""}}), 200);
  EXPECT_EQ(status({{"if-none-match", tag_ + " x"}}), 200);
  EXPECT_EQ(get("/none", {{"if-none-match", "*"}}).status, 404);
}

TEST_F(FileConditions, not_modified_has_validators_and_no_body) {
  const FileAnswer answer = get("/a.txt", {{"if-none-match", tag_}});
  EXPECT_EQ(header(answer, "etag"), tag_);
  EXPECT_EQ(header(answer, "last-modified"), kWrittenDate);
  EXPECT_EQ(header(answer, "vary"), "accept-encoding");
  EXPECT_EQ(header(answer, "content-length"), "-");
  EXPECT_EQ(header(answer, "content-type"), "-");
  EXPECT_FALSE(answer.file);
  EXPECT_EQ(answer.text, "");
  EXPECT_EQ(head("/a.txt", {{"if-none-match", tag_}}).response, answer.response);
}

TEST_F(FileConditions, if_modified_since_counts_only_without_if_none_match) {
  EXPECT_EQ(status({{"if-modified-since", kWrittenDate}}), 304);
  EXPECT_EQ(status({{"if-modified-since", kAfter}}), 304);
  EXPECT_EQ(status({{"if-modified-since", kBefore}}), 200);
  EXPECT_EQ(status({{"if-modified-since", "yesterday"}}), 200);
  EXPECT_EQ(status({{"if-modified-since", kAfter}, {"if-modified-since", kAfter}}), 200);
  EXPECT_EQ(status({{"if-modified-since", "Tuesday, 14-Nov-23 22:13:20 GMT"}}), 304);
  EXPECT_EQ(status({{"if-modified-since", kAfter}, {"if-none-match", "\"x\""}}), 200);
  EXPECT_EQ(status({{"if-modified-since", kBefore}, {"if-none-match", tag_}}), 304);
}

TEST_F(FileConditions, if_match_compares_strongly) {
  EXPECT_EQ(status({{"if-match", tag_}}), 200);
  EXPECT_EQ(status({{"if-match", "*"}}), 200);
  EXPECT_EQ(status({{"if-match", "W/" + tag_}}), 412);
  EXPECT_EQ(status({{"if-match", "\"x\""}}), 412);
  EXPECT_EQ(status({{"if-match", ""}}), 412);
  EXPECT_EQ(get("/none", {{"if-match", "*"}}).status, 404);
}

TEST_F(FileConditions, if_unmodified_since_counts_only_without_if_match) {
  EXPECT_EQ(status({{"if-unmodified-since", kWrittenDate}}), 200);
  EXPECT_EQ(status({{"if-unmodified-since", kBefore}}), 412);
  EXPECT_EQ(status({{"if-unmodified-since", "never"}}), 200);
  EXPECT_EQ(status({{"if-unmodified-since", kBefore}, {"if-match", tag_}}), 200);
  EXPECT_EQ(status({{"if-unmodified-since", kAfter}, {"if-match", "\"x\""}}), 412);
}

TEST_F(FileConditions, what_must_hold_is_judged_before_what_is_new) {
  EXPECT_EQ(status({{"if-none-match", tag_}, {"if-match", "\"x\""}}), 412);
  EXPECT_EQ(status({{"if-none-match", tag_}, {"if-match", tag_}}), 304);
  EXPECT_EQ(status({{"if-modified-since", kAfter}, {"if-unmodified-since", kBefore}}), 412);
  EXPECT_EQ(status({{"if-none-match", tag_}, {"range", "bytes=0-1"}}), 304);
  EXPECT_EQ(status({{"if-match", "\"x\""}, {"range", "bytes=50-"}}), 412);
}

TEST_F(FileConditions, a_range_is_a_part_of_the_file) {
  const FileAnswer answer = get("/a.txt", {{"range", "bytes=2-4"}});
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(header(answer, "content-range"), "bytes 2-4/10");
  EXPECT_EQ(header(answer, "content-length"), "3");
  EXPECT_EQ(header(answer, "etag"), tag_);
  EXPECT_EQ(body_of(answer), "234");
  EXPECT_EQ(body_of(get("/a.txt", {{"range", "bytes=-2"}})), "89");
  EXPECT_EQ(body_of(get("/a.txt", {{"range", "bytes=5-,3-6"}})), "3456789");
}

TEST_F(FileConditions, a_range_that_is_not_there_is_416_with_the_size) {
  const FileAnswer answer = get("/a.txt", {{"range", "bytes=10-"}});
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(header(answer, "content-range"), "bytes */10");
  EXPECT_EQ(header(answer, "content-length"), std::to_string(body_of(answer).size()));
}

TEST_F(FileConditions, a_range_is_ignored_by_head_and_where_it_is_none) {
  EXPECT_EQ(head("/a.txt", {{"range", "bytes=2-4"}}).status, 200);
  EXPECT_EQ(body_of(get("/a.txt", {{"range", "bytes=0-0,2-2"}})), "0123456789");
  EXPECT_EQ(status({{"range", "bytes=0-0"}, {"range", "bytes=1-1"}}), 200);
}

TEST_F(FileConditions, if_range_takes_a_strong_tag_or_the_very_date) {
  const auto with = [&](std::string_view value) { return status({{"range", "bytes=2-4"}, {"if-range", value}}); };
  EXPECT_EQ(with(tag_), 206);
  EXPECT_EQ(with(kWrittenDate), 206);
  for (const std::string& value : {"W/" + tag_, std::string("\"x\""), std::string(kBefore), std::string(kAfter), std::string("*"),
                                   std::string(), tag_ + ", " + tag_, std::string("x")}) {
    EXPECT_EQ(with(value), 200) << value;
  }
  EXPECT_EQ(status({{"range", "bytes=50-"}, {"if-range", "\"x\""}}), 200);
  EXPECT_EQ(status({{"if-range", "\"x\""}}), 200);
}

TEST_F(FileConditions, if_range_with_the_date_of_this_second_does_not_hold) {
  const fields request = request_of("GET", "/a.txt", {{"range", "bytes=2-4"}, {"if-range", kWrittenDate}});
  EXPECT_EQ(site().answer(request, kWritten).status, 200);
  EXPECT_EQ(site().answer(request, kWritten + 1s).status, 206);
}

TEST_F(FileConditions, ranges_and_tags_are_of_the_copy_that_is_sent) {
  folder_.write("a.txt.gz", "abcd");
  const FileAnswer answer = get("/a.txt", {{"accept-encoding", "gzip"}, {"range", "bytes=1-"}});
  EXPECT_EQ(header(answer, "content-range"), "bytes 1-3/4");
  EXPECT_EQ(header(answer, "content-encoding"), "gzip");
  EXPECT_EQ(body_of(answer), "bcd");
  EXPECT_EQ(status({{"accept-encoding", "gzip"}, {"if-none-match", tag_}}), 200);
  EXPECT_EQ(status({{"accept-encoding", "gzip"}, {"if-none-match", header(answer, "etag")}}), 304);
}

TEST_F(FileConditions, a_file_from_the_future_was_modified_now) {
  folder_.write("b.txt", "x", 2h);
  const FileAnswer answer = get("/b.txt");
  EXPECT_EQ(header(answer, "last-modified"), "Tue, 14 Nov 2023 23:13:20 GMT");
}

}  // namespace
}  // namespace uncork::http2
