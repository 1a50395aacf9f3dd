// What a site answers: files, folders, methods, types, precompressed copies.

#include <gmock/gmock.h>

#include <set>
#include <string>

#include "tests/http2/files_folder.hpp"

namespace uncork::http2 {
namespace {

using namespace std::chrono_literals;

class FileSiteAnswers : public FileSiteTest {};

TEST_F(FileSiteAnswers, get_with_the_bytes_of_the_file) {
  folder_.write("a.txt", "hello");
  const FileAnswer answer = get("/a.txt?ignored=../b");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.response[0].name, ":status");
  EXPECT_EQ(answer.response[0].value, "200");
  EXPECT_EQ(header(answer, "content-length"), "5");
  EXPECT_EQ(header(answer, "content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(header(answer, "x-content-type-options"), "nosniff");
  EXPECT_EQ(header(answer, "accept-ranges"), "bytes");
  EXPECT_EQ(header(answer, "last-modified"), kWrittenDate);
  EXPECT_EQ(header(answer, "vary"), "accept-encoding");
  EXPECT_EQ(header(answer, "content-encoding"), "-");
  EXPECT_EQ(header(answer, "date"), "-");
  EXPECT_EQ(answer.offset, 0U);
  EXPECT_EQ(answer.length, 5U);
  EXPECT_EQ(body_of(answer), "hello");
}

TEST_F(FileSiteAnswers, head_with_the_same_fields_and_no_body) {
  folder_.write("a.txt", "hello");
  for (const char* path : {"/a.txt", "/none", "/%"}) {
    const FileAnswer answer = head(path);
    EXPECT_EQ(answer.response, get(path).response) << path;
    EXPECT_FALSE(answer.file);
    EXPECT_EQ(answer.length, 0U);
    EXPECT_EQ(answer.text, "");
  }
}

TEST_F(FileSiteAnswers, with_405_any_other_method) {
  folder_.write("a.txt", "hello");
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", ""}) {
    const FileAnswer answer = site().answer(request_of(method, "/a.txt"), kAsked);
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(header(answer, "allow"), "GET, HEAD");
    EXPECT_EQ(body_of(answer), "405 Method Not Allowed\n");
    EXPECT_EQ(header(answer, "content-length"), std::to_string(answer.text.size()));
  }
}

TEST_F(FileSiteAnswers, names_that_need_decoding) {
  folder_.write("a b\xC3\xA9%41.txt", "x");
  EXPECT_EQ(get("/a%20b%c3%a9%2541.txt").status, 200);
  EXPECT_EQ(get("/a%20b%c3%a9A.txt").status, 404);
}

TEST_F(FileSiteAnswers, a_folder_with_its_index) {
  folder_.write("index.html", "top");
  folder_.write("sub dir/index.html", "below");
  EXPECT_EQ(body_of(get("/")), "top");
  EXPECT_EQ(body_of(get("/?q")), "top");
  EXPECT_EQ(body_of(get("/sub%20dir/")), "below");
  EXPECT_EQ(header(get("/sub%20dir/"), "content-type"), "text/html; charset=utf-8");
}

TEST_F(FileSiteAnswers, a_folder_without_its_slash_with_a_redirection) {
  folder_.write("sub dir/index.html", "below");
  const FileAnswer answer = get("/sub%20dir?a=%2f&b");
  EXPECT_EQ(answer.status, 301);
  EXPECT_EQ(header(answer, "location"), "/sub%20dir/?a=%2f&b");
  EXPECT_EQ(header(answer, "content-length"), std::to_string(body_of(answer).size()));
}

TEST_F(FileSiteAnswers, with_404_a_folder_without_an_index) {
  folder_.write("sub/a.txt", "x");
  folder_.write("folder.html/a.txt", "x");
  std::filesystem::create_directories(folder_.root() / "odd" / "index.html");
  for (const char* path : {"/", "/sub", "/sub/", "/folder.html", "/folder.html/", "/odd", "/odd/", "/sub/a.txt/", "/none/"}) {
    EXPECT_EQ(get(path).status, 404) << path;
    EXPECT_EQ(header(get(path), "location"), "-") << path;
  }
}

TEST_F(FileSiteAnswers, hidden_files_only_when_asked_to) {
  folder_.write(".env", "secret");
  folder_.write(".git/config", "secret");
  folder_.write(".well-known/security.txt", "public");
  EXPECT_EQ(get("/.env").status, 404);
  EXPECT_EQ(get("/.git/config").status, 404);
  EXPECT_EQ(get("/.well-known/security.txt").status, 200);
  const FileSite open = site({.hidden = HiddenFiles::served});
  EXPECT_EQ(body_of(open.answer(request_of("GET", "/.env"), kAsked)), "secret");
}

TEST_F(FileSiteAnswers, an_empty_file_with_no_bytes) {
  folder_.write("empty", "");
  const FileAnswer answer = get("/empty");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header(answer, "content-length"), "0");
  EXPECT_EQ(header(answer, "content-type"), "application/octet-stream");
  EXPECT_FALSE(answer.file);
}

TEST_F(FileSiteAnswers, with_the_best_precompressed_copy) {
  folder_.write("app.js", "plain text");
  folder_.write("app.js.gz", "gz", 1s);
  folder_.write("app.js.br", "b", 0s);
  const FileAnswer answer = get("/app.js", {{"accept-encoding", "gzip, br, zstd"}});
  EXPECT_EQ(header(answer, "content-encoding"), "br");
  EXPECT_EQ(header(answer, "content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(header(answer, "content-length"), "1");
  EXPECT_EQ(body_of(answer), "b");
  const FileAnswer zipped = get("/app.js", {{"accept-encoding", "gzip"}, {"accept-encoding", "deflate"}});
  EXPECT_EQ(body_of(zipped), "gz");
  EXPECT_EQ(header(zipped, "content-encoding"), "gzip");
  EXPECT_EQ(body_of(get("/app.js")), "plain text");
  EXPECT_EQ(body_of(get("/app.js", {{"accept-encoding", "zstd"}})), "plain text");
  std::set<std::string> tags = {header(answer, "etag"), header(zipped, "etag"), header(get("/app.js"), "etag")};
  EXPECT_EQ(tags.size(), 3U);
  EXPECT_EQ(header(get("/app.js.gz"), "content-type"), "application/gzip");
  EXPECT_EQ(header(get("/app.js.gz"), "content-encoding"), "-");
}

TEST_F(FileSiteAnswers, tags_of_a_copy_differ_though_it_is_the_same_file) {
  folder_.write("a.txt", "x");
  std::filesystem::create_hard_link(folder_.root() / "a.txt", folder_.root() / "a.txt.gz");
  EXPECT_NE(header(get("/a.txt"), "etag"), header(get("/a.txt", {{"accept-encoding", "gzip"}}), "etag"));
}

TEST_F(FileSiteAnswers, not_with_a_copy_that_is_older_or_no_file) {
  folder_.write("app.js", "plain", 1s);
  folder_.write("app.js.gz", "gz", 0s);
  std::filesystem::create_directory(folder_.root() / "app.js.br");
  std::filesystem::create_symlink("/etc/passwd", folder_.root() / "app.js.zst");
  const FileAnswer answer = get("/app.js", {{"accept-encoding", "gzip, br, zstd"}});
  EXPECT_EQ(body_of(answer), "plain");
  EXPECT_EQ(header(answer, "content-encoding"), "-");
  EXPECT_EQ(header(answer, "vary"), "accept-encoding");
}

TEST_F(FileSiteAnswers, without_copies_when_told_so) {
  folder_.write("app.js", "plain");
  folder_.write("app.js.gz", "gz");
  const FileSite plain = site({.precompressed = Precompressed::passed_over});
  const FileAnswer answer = plain.answer(request_of("GET", "/app.js", {{"accept-encoding", "gzip"}}), kAsked);
  EXPECT_EQ(body_of(answer), "plain");
  EXPECT_EQ(header(answer, "vary"), "-");
}

TEST_F(FileSiteAnswers, an_index_with_its_copy) {
  folder_.write("index.html", "plain");
  folder_.write("index.html.zst", "z");
  EXPECT_EQ(body_of(get("/", {{"accept-encoding", "zstd"}})), "z");
}

}  // namespace
}  // namespace uncork::http2
