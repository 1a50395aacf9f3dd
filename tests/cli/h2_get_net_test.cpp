// uncork h2 get against servers of every temper.

#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"
#include "tests/http2/test_server.hpp"

namespace uncork::cli {
namespace {

using cli::testing::Finished;
using cli::testing::run_program;
using cure::testing::ScratchDirectory;
using http2::exchange;
using http2::fields;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using uncork::testing::TestServer;

fields head(const char* status = "200") {
  fields made;
  made.add(":status", status);
  made.add("content-type", "text/plain");
  return made;
}

/// Answers /late with `late` after a while, /gone with 404, /reset with a reset, all else with its path.
void answer(exchange one) {
  if (one.path() == "/reset") return one.reset(http2::errc::internal_error);
  if (one.path() == "/gone") return one.respond(head("404"), "no such thing\n");
  if (one.path() == "/late") std::this_thread::sleep_for(std::chrono::milliseconds(50));
  one.respond(head(), std::string(one.path()) + "\n");
}

class GetVerb : public ::testing::Test {
 protected:
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + path;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  [[nodiscard]] static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  TestServer server_{answer};
  ScratchDirectory folder_;
};

TEST_F(GetVerb, prints_bodies_in_the_order_of_the_addresses) {
  const Finished done = run_program({"h2", "get", url("/late"), url("/b"), url("/c")});
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_EQ(done.out, "/late\n/b\n/c\n");
  EXPECT_THAT(done.err, IsEmpty());
}

TEST_F(GetVerb, writes_each_body_to_a_file_of_its_own) {
  const Finished done = run_program({"h2", "get", "--into", path("made"), url("/a/x"), url("/b/x"), url("/")});
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_THAT(done.out, IsEmpty());
  EXPECT_EQ(content(path("made/x")), "/a/x\n");
  EXPECT_EQ(content(path("made/x.1")), "/b/x\n");
  EXPECT_EQ(content(path("made/index.html")), "/\n");
}

TEST_F(GetVerb, leaves_no_file_of_an_answer_that_did_not_come) {
  const Finished done = run_program({"h2", "get", "-o", path("body"), url("/reset")});
  EXPECT_EQ(done.exit, 3);
  EXPECT_THAT(done.err, AllOf(HasSubstr(url("/reset")), HasSubstr("INTERNAL_ERROR")));
  EXPECT_FALSE(std::filesystem::exists(path("body")));
  EXPECT_FALSE(std::filesystem::exists(path("body.part")));
}

TEST_F(GetVerb, tells_an_error_of_the_server_and_prints_its_body) {
  const Finished done = run_program({"h2", "get", url("/gone"), url("/b")});
  EXPECT_EQ(done.exit, 1);
  EXPECT_EQ(done.out, "no such thing\n/b\n");
  EXPECT_THAT(done.err, HasSubstr("/gone: status 404"));
}

TEST_F(GetVerb, says_where_the_time_went) {
  const Finished done = run_program({"h2", "get", "--timing", url("/late"), url("/b")});
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_EQ(done.out, "/late\n/b\n");
  EXPECT_THAT(done.err, AllOf(HasSubstr("WAITED"), HasSubstr("TOTAL"), HasSubstr(url("/late"))));
}

TEST_F(GetVerb, gives_the_same_as_json) {
  const Finished done = run_program({"h2", "get", "--timing", "--json", url("/late"), url("/gone")});
  EXPECT_EQ(done.exit, 1);
  std::istringstream lines(done.out);
  std::string line;
  std::vector<nlohmann::json> read;
  while (std::getline(lines, line)) read.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(read.size(), 3U) << done.out;
  for (const auto& one : read) {
    if (one["type"] == "connections") {
      EXPECT_EQ(one["connections"], 1);
      continue;
    }
    const bool is_late = one["url"] == url("/late");
    EXPECT_EQ(one["status"], is_late ? 200 : 404);
    EXPECT_EQ(one["bytes"], is_late ? 6 : 14);
    EXPECT_EQ(one["content_type"], "text/plain");
    EXPECT_GE(one["timing"]["total_ms"], one["timing"]["answer_ms"]);
    EXPECT_TRUE(one["timing"].contains("tcp_ms"));  // it waited for the connection
    EXPECT_GE(one["timing"]["answer_ms"], is_late ? 50 : 0);
  }
}

TEST_F(GetVerb, sends_no_part_of_a_file_that_is_too_large) {
  std::ofstream(path("large")).close();
  std::filesystem::resize_file(path("large"), 300ULL * 1024 * 1024);  // a hole
  const Finished done = run_program({"h2", "get", "--post-file", path("large"), url("/")});
  EXPECT_EQ(done.exit, 2);
  EXPECT_THAT(done.err, HasSubstr("larger than 256 MiB"));
}

TEST_F(GetVerb, ends_at_a_signal) {
  TestServer silent([](exchange one) {
    static std::vector<exchange> kept;
    kept.push_back(std::move(one));
  });
  const std::string never = "http://127.0.0.1:" + std::to_string(silent.port()) + "/";
  const Finished done = run_program({"h2", "get", never}, {.signal = SIGINT, .signal_after = std::chrono::milliseconds(300)});
  EXPECT_EQ(done.exit, 3);
  EXPECT_THAT(done.err, HasSubstr("stopped"));
}

TEST(GetVerbAlone, gives_up_a_server_that_does_not_answer) {
  TestServer silent([](exchange one) {
    static std::vector<exchange> kept;
    kept.push_back(std::move(one));
  });
  const std::string never = "http://127.0.0.1:" + std::to_string(silent.port()) + "/";
  const Finished done = run_program({"h2", "get", "--timeout", "200ms", never});
  EXPECT_EQ(done.exit, 3);
  EXPECT_THAT(done.err, HasSubstr("no answer in time"));
}

TEST(GetVerbAlone, gives_up_a_server_that_allows_no_stream) {
  http2::server_options none;
  none.http2.limits.concurrent_streams = 0;
  TestServer server([](exchange one) { one.respond(head(), "x"); }, none);
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
  const Finished done = run_program({"h2", "get", "--parallel", "1", "--timeout", "300ms", url, url, url, url, url, url});
  EXPECT_EQ(done.exit, 3);
  EXPECT_THAT(done.err, HasSubstr("REFUSED_STREAM"));     // one a connection, which leaves before the server has said so
  EXPECT_THAT(done.err, HasSubstr("no answer in time"));  // the others wait for a stream
}

TEST(GetVerbAlone, posts_a_text_and_fields) {
  TestServer server([](exchange one) {
    const auto length = one.content_length().value_or(0);
    one.respond(head(), std::string(one.method()) + " " + std::to_string(length) + " " +
                            std::string(one.request().find("x-one").value_or("-")));
  });
  const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
  const Finished done = run_program({"h2", "get", "--post", "hello", "--header", "X-One: 1", url});
  EXPECT_EQ(done.out, "POST 5 1") << done.err;
}

TEST(GetVerbAlone, fetches_more_than_a_connection_has_streams_for) {
  http2::server_options few;
  few.http2.limits.concurrent_streams = 3;
  TestServer server([](exchange one) { one.respond(head(), "x"); }, few);
  std::vector<std::string> words{"h2", "get"};
  for (int i = 0; i < 50; ++i) words.push_back("http://127.0.0.1:" + std::to_string(server.port()) + "/" + std::to_string(i));
  const Finished done = run_program(words);
  EXPECT_EQ(done.exit, 0) << done.err;
  EXPECT_EQ(done.out, std::string(50, 'x'));
}

TEST(GetVerbAlone, says_when_a_server_cannot_be_reached) {
  const Finished done = run_program({"h2", "get", "http://127.0.0.1:9/"});
  EXPECT_EQ(done.exit, 3);
  EXPECT_THAT(done.err, HasSubstr("http://127.0.0.1:9/: Connection refused"));
}

}  // namespace
}  // namespace uncork::cli
