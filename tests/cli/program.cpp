#include "tests/cli/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

#include "core/clock.hpp"
#include "core/fd.hpp"

namespace uncork::cli::testing {
namespace {

struct Pipe {
  core::Fd read;
  core::Fd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {core::Fd(ends[0]), core::Fd(ends[1])};
}

/// Both ends of a terminal that is `columns` wide.
Pipe make_terminal(unsigned short columns) {
  Pipe terminal{core::Fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)), core::Fd()};
  EXPECT_EQ(::grantpt(terminal.read.get()), 0);
  EXPECT_EQ(::unlockpt(terminal.read.get()), 0);
  std::array<char, 64> name{};
  EXPECT_EQ(::ptsname_r(terminal.read.get(), name.data(), name.size()), 0);
  terminal.write = core::Fd(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  const winsize size{40, columns, 0, 0};
  EXPECT_EQ(::ioctl(terminal.read.get(), TIOCSWINSZ, &size), 0);
  return terminal;
}

/// In the child: what it writes to `fd` goes there.
void pour(int fd, int into, Sink sink) {
  std::array<int, 2> ends{};
  switch (sink) {
    case Sink::read:
      ::dup2(into, fd);
      break;
    case Sink::closed:
      ::close(fd);
      break;
    case Sink::full:
      ::dup2(::open("/dev/full", O_WRONLY | O_CLOEXEC), fd);
      break;
    case Sink::reader_gone:
      if (::pipe2(ends.data(), O_CLOEXEC) != 0) _exit(125);
      ::dup2(ends[1], fd);
      ::close(ends[0]);
      break;
  }
}

[[noreturn]] void become(std::vector<char*> argv, const Pipe& out, const Pipe& err, const During& during) {
  dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  pour(STDOUT_FILENO, out.write.get(), during.out);
  pour(STDERR_FILENO, err.write.get(), during.err);
  if (during.user != 0 && (setgid(during.user) != 0 || setuid(during.user) != 0)) _exit(126);
  execv(UNCORK_PROGRAM, argv.data());
  _exit(127);
}

bool take(const core::Fd& from, std::string& into) {
  std::array<char, 65536> chunk{};
  const ssize_t got = ::read(from.get(), chunk.data(), chunk.size());
  if (got > 0) into.append(chunk.data(), static_cast<std::size_t>(got));
  return got > 0;
}

/// Whether it is time for the signal.
bool due(const During& during, const Finished& so_far, core::Time begun) {
  if (during.signal_once) return during.signal_once(so_far);
  if (during.signal_after != core::Micros(0)) return core::MonotonicClock::now() - begun >= during.signal_after;
  return !(so_far.out.empty() && so_far.err.empty());
}

}  // namespace

Finished run_program(const std::vector<std::string>& arguments, const During& during) {
  std::vector<std::string> copies = arguments;
  copies.insert(copies.begin(), "uncork");
  std::vector<char*> argv;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  Pipe out = during.columns == 0 ? make_pipe() : make_terminal(during.columns);
  Pipe err = make_pipe();
  const pid_t child = ::fork();
  if (child == 0) become(argv, out, err, during);
  out.write.reset();
  err.write.reset();
  Finished finished;
  bool signalled = during.signal == 0;
  bool out_open = true;
  bool err_open = true;
  const core::Time begun = core::MonotonicClock::now();
  const core::Time deadline = begun + core::Micros(60'000'000);
  while (out_open || err_open) {
    std::array<pollfd, 2> fds = {pollfd{out_open ? out.read.get() : -1, POLLIN, 0},
                                 pollfd{err_open ? err.read.get() : -1, POLLIN, 0}};
    ::poll(fds.data(), fds.size(), 100);
    if (fds[0].revents != 0) out_open = take(out.read, finished.out);
    if (fds[1].revents != 0) err_open = take(err.read, finished.err);
    if (!signalled && due(during, finished, begun)) {
      ::kill(child, during.signal);
      signalled = true;
    }
    if (core::MonotonicClock::now() > deadline) ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (during.columns != 0) std::erase(finished.out, '\r');
  finished.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

std::string source_file(const std::string& path) {
  std::ifstream file(std::string(UNCORK_SOURCE) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(file.good()) << path;
  return text.str();
}

}  // namespace uncork::cli::testing
