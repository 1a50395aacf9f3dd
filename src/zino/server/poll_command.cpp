#include "zino/server/poll_command.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <system_error>

namespace uncork::zino {
namespace {

constexpr std::size_t kMostAtOnce = 16;

/// Signals as a program expects them, and only the standard descriptors.
class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  int spawn(pid_t& pid, std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    return ::posix_spawn(&pid, arguments[0], &actions_, &attributes_, arguments.data(), ::environ);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

std::string PollCommand::start(const std::string& router, std::optional<std::int64_t> ifindex) {
  if (program_.empty()) return "500 polling is not configured";
  reap();
  if (running_.size() >= kMostAtOnce) return "500 too many polls are running";
  std::vector<std::string> words = {program_, router};
  if (ifindex) words.push_back(std::to_string(*ifindex));
  pid_t pid = 0;
  if (const int err = SpawnSettings().spawn(pid, words); err != 0) {
    log_(fmt::format("run {}: {}", program_, std::generic_category().message(err)));
    return "500 polling failed";
  }
  running_.push_back({pid, router});
  return "200 ok";
}

void PollCommand::reap() {
  std::erase_if(running_, [this](const Running& poll) {
    int status = 0;
    if (::waitpid(poll.pid, &status, WNOHANG) != poll.pid) return false;
    if (status != 0) {
      log_(fmt::format("{} {}: {} {}", program_, poll.router, WIFEXITED(status) ? "ended with" : "was killed by signal",
                       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status)));
    }
    return true;
  });
}

}  // namespace uncork::zino
