#include "lab/sockets/watcher.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::lab {
namespace {

constexpr core::Micros kEndLimit{5'000'000};
constexpr core::Micros kReapLimit{1'000'000};                  // from the end of its output to its own
constexpr std::size_t kLongestLine = std::size_t{256} << 20U;  // 1,000,000 rows
constexpr std::size_t kSaidMost = 4096;
constexpr int kPipeBytes = 1 << 20;  // a look of some thousand rows, so that it need not wait for us

struct Pipe {
  core::Fd reads;
  core::Fd writes;
};

core::Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  const auto piped = core::checked("pipe", [&] { return ::pipe2(ends.data(), O_CLOEXEC); });
  if (!piped) return core::fail(piped.error());
  Pipe pipe{core::Fd(ends[0]), core::Fd(ends[1])};
  (void)::fcntl(pipe.writes.get(), F_SETPIPE_SZ, kPipeBytes);  // as large as it may be
  (void)::fcntl(pipe.reads.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

/// In the child, between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const char* program, char* const* arguments, int output, int errors, std::uint64_t open_files,
                         pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);  // it died before prctl
  setpgid(0, 0);                      // Ctrl-C is for the lab, which then ends it in order
  if (open_files != 0) {
    const rlimit limit{open_files, open_files};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  dup2(output, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  execv(program, arguments);
  _exit(127);
}

}  // namespace

core::Result<Watcher> Watcher::start(const std::string& path, const std::vector<std::string>& arguments,
                                     std::uint64_t open_files) {
  auto output = make_pipe();
  if (!output) return core::fail(output.error());
  auto errors = make_pipe();
  if (!errors) return core::fail(errors.error());
  std::vector<std::string> copies = arguments;
  copies.insert(copies.begin(), path == "/proc/self/exe" ? "uncork" : path);
  std::vector<char*> argv;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const auto forked = core::checked("fork", [] { return ::fork(); });
  if (!forked) return core::fail(forked.error());
  if (*forked == 0) become(path.c_str(), argv.data(), output->writes.get(), errors->writes.get(), open_files, parent);
  return Watcher(*forked, std::move(output->reads), std::move(errors->reads));
}

Watcher::Watcher(Watcher&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      reaped_(other.reaped_),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      unread_(std::move(other.unread_)),
      searched_(other.searched_),
      said_(std::move(other.said_)) {}

Watcher& Watcher::operator=(Watcher&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    status_ = other.status_;
    reaped_ = other.reaped_;
    output_ = std::move(other.output_);
    errors_ = std::move(other.errors_);
    unread_ = std::move(other.unread_);
    searched_ = other.searched_;
    said_ = std::move(other.said_);
  }
  return *this;
}

Watcher::~Watcher() { end(); }

void Watcher::end() {
  if (pid_ >= 0 && !reaped_) finish();
}

bool Watcher::take_line(std::string& into) {
  const std::size_t end = unread_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = unread_.size();
    return false;
  }
  into.assign(unread_, 0, end);
  unread_.erase(0, end + 1);
  searched_ = 0;
  return true;
}

void Watcher::take_errors() {
  std::array<char, 4096> chunk{};
  for (;;) {
    const ssize_t got = ::read(errors_.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errors_.reset();
    if (got <= 0) return;
    said_.append(chunk.data(), static_cast<std::size_t>(got));
    if (said_.size() > kSaidMost) said_.erase(0, said_.size() - kSaidMost);
  }
}

/// True if it has ended within this time.
bool Watcher::reap(core::Micros patience) {
  const core::Time deadline = core::MonotonicClock::now() + patience;
  while (!reaped_) {
    const pid_t ended = ::waitpid(pid_, &status_, WNOHANG);
    reaped_ = ended == pid_ || (ended < 0 && errno != EINTR);
    if (reaped_ || core::MonotonicClock::now() >= deadline) break;
    ::usleep(1000);
  }
  if (reaped_ && errors_) take_errors();
  return reaped_;
}

core::Result<Watcher::Event> Watcher::next(core::Time deadline, std::string& into) {
  for (;;) {
    if (take_line(into)) return Event::line;
    if (unread_.size() > kLongestLine) {
      return core::fail(core::Error{core::ErrorCode::internal, 0, "the watcher's line has no end"});
    }
    std::array<pollfd, 2> waited = {pollfd{output_ ? output_.get() : -1, POLLIN, 0},
                                    pollfd{errors_ ? errors_.get() : -1, POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - core::MonotonicClock::now());
    const int ready = ::poll(waited.data(), waited.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno != EINTR) return core::fail(core::system_error("wait for the watcher", errno));
    if (ready == 0) return Event::quiet;
    if (waited[1].revents != 0) take_errors();
    if (waited[0].revents == 0) continue;
    std::array<char, 65536> chunk{};
    const ssize_t got = ::read(output_.get(), chunk.data(), chunk.size());
    if (got > 0) unread_.append(chunk.data(), static_cast<std::size_t>(got));
    if (got == 0) {
      output_.reset();
      if (!reap(kReapLimit)) kill();
      return Event::ended;
    }
  }
}

int Watcher::finish() {
  if (reaped_) return status_;
  ::kill(pid_, SIGTERM);
  // It may be in the middle of a line: what it writes is taken, so that it ends as it means to.
  const core::Time deadline = core::MonotonicClock::now() + kEndLimit;
  std::string line;
  for (auto event = Event::line; event != Event::ended && core::MonotonicClock::now() < deadline;) {
    event = next(deadline, line).value_or(Event::ended);
  }
  if (!reap(core::Micros(0))) kill();
  return status_;
}

int Watcher::kill() {
  if (!reaped_) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {  // it cannot refuse
    }
    reaped_ = true;
  }
  return status_;
}

std::string end_text(int status) {
  if (WIFSIGNALED(status)) return fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

core::Result<ProcessSample> sample_process(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  const auto status = core::read_file(folder + "/status");
  if (!status) return core::fail(status.error());
  ProcessSample sample;
  const auto number = [&](const char* name) -> std::uint64_t {
    const std::size_t at = status->find(name);
    return at == std::string::npos ? 0 : std::strtoull(status->c_str() + at + std::strlen(name), nullptr, 10);
  };
  sample.rss_kib = number("\nVmRSS:");
  sample.threads = number("\nThreads:");
  if (sample.rss_kib == 0) return core::fail(core::Error{core::ErrorCode::not_found, ESRCH, "the watcher has ended"});
  std::error_code failed;
  for (auto entry = std::filesystem::directory_iterator(folder + "/fd", failed); !failed && entry != std::filesystem::end(entry);
       entry.increment(failed)) {
    ++sample.descriptors;
  }
  return sample;
}

}  // namespace uncork::lab
