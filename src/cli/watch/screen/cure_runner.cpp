#include "cli/watch/screen/cure_runner.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::cli {
namespace {

std::vector<std::string> words_of(const std::string& command) {
  std::istringstream text(command);
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

CureRunner::~CureRunner() {
  for (const Running& one : running_) {
    ::kill(one.pid, SIGTERM);
    reap(one.pid);
  }
}

core::Status CureRunner::start(const std::string& command) {
  std::vector<std::string> words = words_of(command);
  if (words.empty()) return core::fail(core::invalid_argument("there is no command to run"));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return core::fail(core::system_error("pipe2", errno));
  const core::Fd write_end(ends[1]);
  Running one;
  one.output = core::Fd(ends[0]);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  sigset_t none;
  ::sigemptyset(&none);  // ours are blocked, and its end would not be heard
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, write_end.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, write_end.get(), STDERR_FILENO);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl-C is for the screen
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int failed = ::posix_spawn(&one.pid, "/proc/self/exe", &files, &attributes, arguments.data(), ::environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  if (failed != 0) return core::fail(core::system_error("run " + command, failed));
  running_.push_back(std::move(one));
  return {};
}

std::vector<std::string> CureRunner::take_lines() {
  std::vector<std::string> lines;
  for (auto one = running_.begin(); one != running_.end();) {
    std::array<char, 4096> bytes{};
    ssize_t got = 0;
    while ((got = ::read(one->output.get(), bytes.data(), bytes.size())) > 0)
      one->unfinished.append(bytes.data(), static_cast<std::size_t>(got));
    const bool has_ended = got == 0;
    for (std::size_t end = 0; (end = one->unfinished.find('\n')) != std::string::npos; one->unfinished.erase(0, end + 1))
      lines.push_back(one->unfinished.substr(0, end));
    if (!has_ended) {
      ++one;
      continue;
    }
    if (!one->unfinished.empty()) lines.push_back(one->unfinished);
    reap(one->pid);
    one = running_.erase(one);
  }
  return lines;
}

std::string CureRunner::undoing(const std::string& command) {
  std::string undo;
  for (const std::string& word : words_of(command)) {
    if (word != "--watch") undo += (undo.empty() ? "" : " ") + word;
  }
  return undo + " --undo";
}

}  // namespace uncork::cli
