#include "tests/cure/target_process.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/syscall.hpp"

namespace uncork::cure::testing {
namespace {

template <typename T>
T must(core::Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  return std::move(*result);
}

void close_all_but(std::vector<int> keep) {
  std::ranges::sort(keep);
  unsigned next = 3;
  for (const int fd : keep) {
    const auto kept = static_cast<unsigned>(fd);
    if (kept < next) continue;
    if (kept > next) ::close_range(next, kept - 1, 0);
    next = kept + 1;
  }
  ::close_range(next, ~0U, 0);
}

}  // namespace

std::uint16_t Connection::client_port() const { return must(core::local_endpoint(client)).port; }
std::uint16_t Connection::server_port() const { return must(core::local_endpoint(server)).port; }

core::Fd listen_on(const char* address) { return must(core::tcp_listen(must(core::parse_endpoint(address)))); }

Connection connect_pair(const char* address) {
  const core::Fd listener = listen_on(address);
  core::Fd client = must(core::tcp_connect(must(core::local_endpoint(listener))));
  return {std::move(client), must(core::tcp_accept(listener))};
}

bool nodelay(const core::Fd& socket) { return must(core::get_option(socket, IPPROTO_TCP, TCP_NODELAY)) != 0; }

void set_nodelay(const core::Fd& socket, bool on) {
  const auto set = core::set_option(socket, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
  ASSERT_TRUE(set.has_value()) << set.error().message;
}

std::optional<SocketOutcome> outcome_of(const CureReport& report, const core::Fd& socket) {
  const auto found = std::ranges::find(report.sockets, socket.get(), [](const SocketOutcome& o) { return o.socket.fd; });
  return found == report.sockets.end() ? std::nullopt : std::optional(*found);
}

TargetProcess TargetProcess::start(const std::vector<int>& fds, const std::function<void()>& life) {
  int ready[2];
  if (::pipe(ready) != 0) std::abort();
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    close_all_but(fds);  // the pipe too, which tells the parent
    life();
    ::_exit(0);
  }
  ::close(ready[1]);
  char none;
  while (::read(ready[0], &none, 1) < 0) {
  }
  ::close(ready[0]);
  return TargetProcess(child);
}

TargetProcess TargetProcess::holding(const std::vector<int>& fds) {
  return start(fds, [] {
    for (;;) ::pause();
  });
}

TargetProcess TargetProcess::accepting(const core::Fd& listener) {
  return start({listener.get()}, [&] {
    for (;;) ::accept(listener.get(), nullptr, nullptr);
  });
}

TargetProcess TargetProcess::serving(const core::Fd& listener) {
  return start({listener.get()}, [&] {
    for (;;) {
      const core::Fd client(::accept(listener.get(), nullptr, nullptr));
      char none;
      while (::read(client.get(), &none, 1) > 0) {
      }
    }
  });
}

void TargetProcess::end_uncollected() {
  ::kill(pid_, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
}

void TargetProcess::end() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

std::string in_child(const std::function<void(int)>& body) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) std::abort();
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child == 0) {
    ::close(pipe_ends[0]);
    body(pipe_ends[1]);
    ::_exit(0);
  }
  ::close(pipe_ends[1]);
  const core::Fd reading(pipe_ends[0]);
  std::string text;
  char chunk[512];
  for (ssize_t got = 0; (got = ::read(reading.get(), chunk, sizeof chunk)) > 0;)
    text.append(chunk, static_cast<std::size_t>(got));
  ::waitpid(child, nullptr, 0);
  return text;
}

}  // namespace uncork::cure::testing
