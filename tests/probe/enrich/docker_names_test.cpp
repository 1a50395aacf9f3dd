#include "probe/enrich/docker_names.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

const std::string kHead = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n";

/// A daemon that answers one request and closes, or says nothing at all.
class FakeDocker {
 public:
  explicit FakeDocker(std::string answer, bool silent = false)
      : path_((std::filesystem::temp_directory_path() / ("uncork-docker-" + std::to_string(::getpid()))).string()) {
    ::unlink(path_.c_str());
    listener_ = core::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
    if (::listen(listener_.get(), 1) != 0) std::abort();
    server_ = std::thread([this, answer = std::move(answer), silent] {
      const core::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer) return;
      std::array<std::byte, 4096> request{};
      const auto got = core::read_some(peer, request);
      if (got) request_.assign(reinterpret_cast<const char*>(request.data()), got->count);
      if (silent) {
        (void)core::read_some(peer, request);  // until the other end gives up
        return;
      }
      (void)core::send_all(peer, std::as_bytes(std::span(answer)));
    });
  }
  ~FakeDocker() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    server_.join();
    ::unlink(path_.c_str());
  }
  FakeDocker(const FakeDocker&) = delete;
  FakeDocker& operator=(const FakeDocker&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& request() const { return request_; }

 private:
  std::string path_;
  core::Fd listener_;
  std::string request_;
  std::thread server_;
};

core::Time in(core::Micros time) { return core::MonotonicClock::now() + time; }

TEST(DockerNames, are_read_from_the_daemons_answer) {
  const auto names =
      read_docker_answer(kHead + R"([{"Id":"abc","Names":["/other/alias","/web"],"Image":"nginx:1.27","State":"running"},)" +
                         R"({"Id":"def","Names":[],"Image":"sha256:77"},{"Names":["/no-id"]},7,{"Id":5}])");
  ASSERT_TRUE(names) << names.error().message;
  const std::vector<ContainerName> expected = {{"abc", "web", "nginx:1.27"}, {"def", "", "sha256:77"}};
  EXPECT_EQ(*names, expected);
}

TEST(DockerNames, are_none_of_a_daemon_without_containers) { EXPECT_EQ(read_docker_answer(kHead + "[]\n")->size(), 0U); }

TEST(DockerNames, refuses_what_is_no_answer) {
  for (const std::string& answer :
       {std::string(), std::string("hello"), std::string("HTTP/1.0 200 OK\r\n"), std::string("HTTP/1.1 200 OK\r\n\r\n{}"),
        kHead + "[", kHead + "[{\"Id\":\"a\"", std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n"),
        kHead + std::string(100'000, '['), kHead + "[\"\xff\"]"}) {
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
  FakeDocker docker(kHead + R"([{"Id":"abc","Names":["/web"],"Image":"nginx"}])");
  const auto names = ask_docker(docker.path(), in(std::chrono::seconds(10)));
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(names->front().name, "web");
  EXPECT_TRUE(docker.request().starts_with("GET /containers/json HTTP/1.0\r\n")) << docker.request();
}

TEST(DockerNames, gives_up_on_a_daemon_that_says_nothing) {
  FakeDocker docker("", true);
  const auto names = ask_docker(docker.path(), in(std::chrono::milliseconds(50)));
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().system_errno, ETIMEDOUT);
}

TEST(DockerNames, gives_up_on_an_answer_without_end) {
  FakeDocker docker(kHead + std::string(kMostDockerBytes + 1, ' '));
  const auto names = ask_docker(docker.path(), in(std::chrono::seconds(20)));
  ASSERT_FALSE(names);
  EXPECT_NE(names.error().message.find("longer than 8 MiB"), std::string::npos) << names.error().message;
}

TEST(DockerNames, says_which_socket_is_not_there) {
  const auto names = ask_docker("/nowhere/docker.sock", in(std::chrono::seconds(1)));
  ASSERT_FALSE(names);
  EXPECT_EQ(names.error().code, core::ErrorCode::not_found);
  EXPECT_NE(names.error().message.find("/nowhere/docker.sock"), std::string::npos);
}

}  // namespace
}  // namespace uncork::probe
