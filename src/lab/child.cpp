#include "lab/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::lab {
namespace {

constexpr core::Micros kStartLimit{10'000'000};
constexpr core::Micros kEndLimit{1'000'000};

/// Of a process that runs this program: `line-server`, `proxy`, `zino-serve`, `field-client`. The program takes it for its own.
std::string name_of(const std::vector<std::string>& arguments) {
  if (const auto role = std::ranges::find(arguments, "--role"); role != arguments.end() && role + 1 != arguments.end()) {
    return "field-" + *(role + 1);
  }
  const bool of_lab = arguments.front() == "lab" && arguments.size() > 1;
  const bool of_zino = arguments.front() == "zino" && arguments.size() > 1;
  return of_lab ? arguments[1] : of_zino ? "zino-" + arguments[1] : arguments.front();
}

/// In the child, between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const char* program, char* const* arguments, int output, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);  // it died before prctl
  setpgid(0, 0);                      // Ctrl-C is for the lab, which then ends its children in order
  dup2(output, STDOUT_FILENO);
  execv(program, arguments);
  _exit(127);
}

}  // namespace

void end_child(pid_t child) {
  ::kill(child, SIGTERM);
  const core::Time deadline = core::MonotonicClock::now() + kEndLimit;
  while (::waitpid(child, nullptr, WNOHANG) == 0) {
    if (core::MonotonicClock::now() > deadline) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);  // it cannot refuse
      break;
    }
    ::usleep(1000);
  }
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      unread_(std::move(other.unread_)),
      listening_(other.listening_) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    output_ = std::move(other.output_);
    unread_ = std::move(other.unread_);
    listening_ = other.listening_;
  }
  return *this;
}

Child::~Child() { end(); }

void Child::end() {
  if (pid_ < 0) return;
  output_.reset();
  end_child(std::exchange(pid_, -1));
}

std::string Child::finish() {
  if (pid_ < 0) return "";
  ::kill(pid_, SIGTERM);
  ::kill(pid_, SIGCONT);
  const core::Time deadline = core::MonotonicClock::now() + kEndLimit;
  for (;;) {
    const auto ready = core::wait_readable(output_, deadline);
    std::array<std::byte, 256> chunk{};
    const auto got = ready && *ready ? core::read_some(output_, chunk) : core::ReadOutcome{};
    if (!got || got->kind != core::ReadOutcome::Kind::bytes) break;
    unread_.append(reinterpret_cast<const char*>(chunk.data()), got->count);
  }
  end();
  return std::move(unread_);
}

core::Result<Child> Child::start(const std::vector<std::string>& arguments) {
  return start_program("/proc/self/exe", arguments, name_of(arguments));
}

core::Result<Child> Child::start_program(const std::string& path, const std::vector<std::string>& arguments) {
  return start_program(path, arguments, path);
}

core::Result<Child> Child::start_program(const std::string& path, const std::vector<std::string>& arguments, std::string name) {
  std::array<int, 2> ends{};
  const auto piped = core::checked("pipe", [&] { return ::pipe2(ends.data(), O_CLOEXEC); });
  if (!piped) return core::fail(piped.error());
  core::Fd output(ends[0]);
  core::Fd child_end(ends[1]);
  std::vector<char*> argv = {name.data()};
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const auto forked = core::checked("fork", [] { return ::fork(); });
  if (!forked) return core::fail(forked.error());
  if (*forked == 0) become(path.c_str(), argv.data(), child_end.get(), parent);
  Child child(*forked, std::move(output));
  child_end.reset();  // so that the child's end of it is the last
  if (auto status = child.read_address(); !status) return core::fail(status.error());
  return child;
}

core::Result<std::optional<std::string>> Child::next_line(core::Time deadline) {
  constexpr std::size_t kLongestLine = 4096;
  for (;;) {
    if (const std::size_t end = unread_.find('\n'); end != std::string::npos || unread_.size() > kLongestLine) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end == std::string::npos ? end : end + 1);
      return line;
    }
    const auto ready = core::wait_readable(output_, deadline);
    if (!ready) return core::fail(ready.error());
    if (!*ready) return std::nullopt;
    std::array<std::byte, 256> chunk{};
    const auto got = core::read_some(output_, chunk, "read what a process of the lab prints");
    if (!got) return core::fail(got.error());
    if (got->kind != core::ReadOutcome::Kind::bytes) {
      return core::fail(core::Error{core::ErrorCode::internal, 0, "a process of the lab has ended"});
    }
    unread_.append(reinterpret_cast<const char*>(chunk.data()), got->count);
  }
}

core::Status Child::read_address() {
  constexpr std::array<std::string_view, 2> kMarks = {"listening on ", "connected from "};
  constexpr std::size_t kLongestLine = 512;
  const core::Time deadline = core::MonotonicClock::now() + kStartLimit;
  std::string line;
  while (line.find('\n') == std::string::npos && line.size() < kLongestLine) {
    const auto ready = core::wait_readable(output_, deadline);
    if (!ready) return core::fail(ready.error());
    std::array<std::byte, 256> chunk{};
    const auto got = *ready ? core::read_some(output_, chunk, "read the child's first line") : core::ReadOutcome{};
    if (!got) return core::fail(got.error());
    if (got->kind != core::ReadOutcome::Kind::bytes) {
      return core::fail(
          core::Error{core::ErrorCode::internal, 0, "start a process of the lab: it ended, or said nothing for 10 s"});
    }
    line.append(reinterpret_cast<const char*>(chunk.data()), got->count);
  }
  std::string_view rest;
  for (const std::string_view mark : kMarks) {
    if (const std::size_t at = line.find(mark); at != std::string::npos) rest = std::string_view(line).substr(at + mark.size());
  }
  const auto address = core::parse_endpoint(rest.substr(0, rest.find_first_of(", \n")));
  if (!address) return core::fail(address.error());
  listening_ = *address;
  unread_ = line.substr(line.find('\n') + 1);
  return {};
}

}  // namespace uncork::lab
