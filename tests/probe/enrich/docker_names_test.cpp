#include "probe/enrich/docker_names.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/clock.hpp"
#include "tests/probe/enrich/fake_daemon.hpp"

namespace uncork::probe {
namespace {

const std::string kHead = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n";
const std::string kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";

core::Time in(core::Micros time) { return core::MonotonicClock::now() + time; }

TEST(DockerNames, are_read_from_the_daemons_answer) {
  const auto names =
      read_docker_answer(kHead + R"([{"Id":"abc","Names":["/other/alias","/web"],"Image":"nginx:1.27","State":"running"},)" +
                         R"({"Id":"def","Names":[],"Image":"sha256:77"},{"Names":["/no-id"]},7,{"Id":5}])");
  ASSERT_TRUE(names) << names.error().message;
  const std::vector<ContainerName> expected = {{"abc", "web", "nginx:1.27"}, {"def", "", "sha256:77"}};
  EXPECT_EQ(*names, expected);
}

TEST(DockerNames, are_read_from_an_answer_in_chunks) {
  const auto names =
      read_docker_answer(kChunked + "e;name=value\r\n[{\"Id\":\"abc\",\"\r\n1D\r\nNames\":[\"/web\"],\"Image\":\"x\"}]\r\n" +
                         "0\r\nTrailer: yes\r\n\r\n");
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(*names, (std::vector<ContainerName>{{"abc", "web", "x"}}));
}

TEST(DockerNames, are_left_empty_where_the_daemon_does_not_tell) {
  const auto names = read_docker_answer(kHead + R"([{"Id":"a"},{"Id":"b","Names":"web","Image":7},{"Id":"c","Names":null},)" +
                                        R"({"Id":"d","Names":[1,"/d"]},{"Id":""},null,[]])");
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(*names, (std::vector<ContainerName>{{"a", "", ""}, {"b", "", ""}, {"c", "", ""}, {"d", "d", ""}}));
}

TEST(DockerNames, are_none_of_a_daemon_without_containers) { EXPECT_EQ(read_docker_answer(kHead + "[]\n")->size(), 0U); }

TEST(DockerNames, refuses_what_is_no_answer) {
  for (const std::string& answer :
       {std::string(), std::string("hello"), std::string("HTTP/1.0 200 OK\r\n"), std::string("HTTP/1.1 200 OK\r\n\r\n{}"),
        kHead + "[", kHead + "[{\"Id\":\"a\"", kChunked + "2\r\n[]\r\n", kChunked + "2\r\n[]", kChunked + "3\r\n[]\r\n0\r\n\r\n",
        kChunked + "ffffffffffffffff\r\n[]\r\n0\r\n\r\n", kChunked + "-1\r\n[]\r\n", kChunked + "\r\n[]", kChunked,
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), kHead + std::string(100'000, '['),
        kHead + "[\"\xff\"]"}) {
    const auto names = read_docker_answer(answer);
    ASSERT_FALSE(names) << answer.substr(0, 60);
    EXPECT_EQ(names.error().code, core::ErrorCode::invalid_argument);
    EXPECT_NE(names.error().message.find("at byte"), std::string::npos) << names.error().message;
  }
}

TEST(DockerNames, gives_the_daemons_own_words_for_an_error) {
  const auto names = read_docker_answer("HTTP/1.0 403 Forbidden\r\n\r\n{\"message\":\"no\"}");
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().message, "Docker answers HTTP/1.0 403 Forbidden");
}

TEST(DockerNames, come_over_a_unix_socket) {
  FakeDaemon docker(
      "docker",
      [](const std::string& request) {
        EXPECT_TRUE(request.starts_with("GET /containers/json HTTP/1.0\r\n")) << request;
        return std::vector{kHead.substr(0, 20), kHead.substr(20), std::string(R"([{"Id":"abc","Names":["/web"],)"),
                           std::string(R"("Image":"nginx"}])")};
      },
      true);
  const auto names = ask_docker(docker.path(), in(std::chrono::seconds(10)));
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(names->front().name, "web");
}

TEST(DockerNames, gives_up_on_a_daemon_that_says_nothing_or_stops) {
  for (const std::vector<std::string>& pieces : {std::vector<std::string>{}, {kHead, std::string("[")}}) {
    FakeDaemon docker("docker", [&](const std::string&) { return pieces; });
    const auto names = ask_docker(docker.path(), in(std::chrono::milliseconds(50)));
    ASSERT_FALSE(names);
    EXPECT_EQ(names.error().system_errno, ETIMEDOUT);
  }
}

TEST(DockerNames, gives_up_on_an_answer_without_end) {
  const std::string much(kMostDockerBytes + 1, ' ');
  FakeDaemon docker("docker", [&](const std::string&) { return std::vector{kHead, much}; });
  const auto names = ask_docker(docker.path(), in(std::chrono::seconds(20)));
  ASSERT_FALSE(names);
  EXPECT_NE(names.error().message.find("longer than 8 MiB"), std::string::npos) << names.error().message;
}

TEST(DockerNames, refuses_a_daemon_that_closes_at_once) {
  FakeDaemon docker("docker", [](const std::string&) { return std::vector<std::string>{}; }, true);
  const auto names = ask_docker(docker.path(), in(std::chrono::seconds(10)));
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().code, core::ErrorCode::invalid_argument) << names.error().message;
}

TEST(DockerNames, says_which_socket_is_not_there) {
  const auto names = ask_docker("/nowhere/docker.sock", in(std::chrono::seconds(1)));
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().code, core::ErrorCode::not_found);
  EXPECT_NE(names.error().message.find("/nowhere/docker.sock"), std::string::npos);
}

}  // namespace
}  // namespace uncork::probe
