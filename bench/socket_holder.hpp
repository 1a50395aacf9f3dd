#pragma once
// Sockets to look at, for benchmarks: processes that hold them, inside namespaces that are gone with the program.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "core/syscall.hpp"
#include "link/namespace.hpp"

namespace uncork::bench {

[[noreturn]] inline void give_up(const core::Error& error) {
  fmt::print(stderr, "bench: {}\n", error.message);
  std::exit(3);
}

template <typename T>
T must(core::Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(*result);
}

inline void must(core::Status status) {
  if (!status) give_up(status.error());
}

struct Pair {
  core::Fd client;
  core::Fd server;
};

/// A process that holds a listener and pairs of connections in each namespace, until this object is gone. On request, each pair
/// exchanges a message and an answer.
class Holder {
 public:
  Holder(const std::vector<link::Namespace>& namespaces, int pairs) {
    int to[2];
    int from[2];
    if (::pipe(to) != 0 || ::pipe(from) != 0) give_up(core::system_error("make a pipe", errno));
    child_ = ::fork();
    if (child_ == 0) {
      ::close(to[1]);
      ::close(from[0]);
      hold(namespaces, pairs, core::Fd(to[0]), core::Fd(from[1]));
    }
    ::close(to[0]);
    ::close(from[1]);
    commands_ = core::Fd(to[1]);
    answers_ = core::Fd(from[0]);
    wait();
  }
  ~Holder() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);  // a later child holds our end of its pipe too
    ::waitpid(child_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void exchange() {
    (void)!::write(commands_.get(), "x", 1);
    wait();
  }

 private:
  void wait() {
    char answer = 0;
    if (::read(answers_.get(), &answer, 1) != 1) give_up(core::system_error("make the sockets", errno));
  }

  [[noreturn]] static void hold(const std::vector<link::Namespace>& namespaces, int pairs, core::Fd commands, core::Fd answers) {
    std::vector<Pair> all;
    std::vector<core::Fd> listeners;
    for (const link::Namespace& space : namespaces) {
      must(space.inside([&]() -> core::Status {
        listeners.push_back(must(core::tcp_listen(must(core::parse_endpoint("127.0.0.1:0")))));
        const core::Endpoint at = must(core::local_endpoint(listeners.back()));
        for (int i = 0; i < pairs; ++i) {
          core::Fd client = must(core::tcp_connect(at));
          all.push_back({std::move(client), must(core::tcp_accept(listeners.back()))});
        }
        return {};
      }));
    }
    char command = 0;
    do {
      (void)!::write(answers.get(), "r", 1);
      if (::read(commands.get(), &command, 1) != 1) ::_exit(0);
      std::array<std::byte, 64> message{};
      for (const Pair& pair : all) {
        must(core::send_all(pair.client, message));
        (void)must(core::read_some(pair.server, message));
        must(core::send_all(pair.server, message));
        (void)must(core::read_some(pair.client, message));
      }
    } while (true);
  }

  pid_t child_ = -1;
  core::Fd commands_;
  core::Fd answers_;
};

}  // namespace uncork::bench
