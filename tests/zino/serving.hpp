#pragma once
// A server, or a front, on a thread of the test.

#include <future>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "tests/cure/scratch_directory.hpp"
#include "zino/client/client.hpp"
#include "zino/fixture/fixture.hpp"
#include "zino/front/front.hpp"
#include "zino/server/server.hpp"

namespace uncork::zino::testing {

/// Runs `run(on_listening, stop)` on a thread until it goes out of scope.
class Running {
 public:
  template <typename Run>
  explicit Running(Run run) {
    std::promise<Listening> promise;
    auto listening = promise.get_future();
    thread_ = std::jthread([this, &promise, run] {
      bool told = false;
      const auto on_listening = [&](const Listening& one) {
        if (!std::exchange(told, true)) promise.set_value(one);
      };
      run(on_listening, stop_.get_token());
      if (!told) promise.set_value({});
    });
    at = listening.get();
  }
  ~Running() { stop_.request_stop(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  Listening at;

 private:
  std::stop_source stop_;
  std::jthread thread_;
};

/// The files of a made-up server, and the server on them.
class ServedFixture {
 public:
  explicit ServedFixture(unsigned events, Writes writes = Writes::coalesced)
      : fixture(make_fixture({events, 1, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())})),
        server_([this, writes](const auto& on_listening, const std::stop_token& stop) {
          (void)write_fixture(fixture, directory_.path());
          ServerOptions options;
          options.state = directory_.path() + "/zino-state.json";
          options.secrets = directory_.path() + "/secrets";
          options.polldevs = directory_.path() + "/polldevs.cf";
          options.port = options.notify_port = 0;
          options.writes = writes;
          options.handle_signals = false;
          (void)run_zino_server(options, on_listening, stop);
        }) {}

  [[nodiscard]] const Listening& at() const { return server_.at; }
  /// How to log in, here or at something in front of it.
  [[nodiscard]] ConnectOptions login(const Listening& at) const {
    ConnectOptions options;
    options.port = at.commands.port;
    options.notify_port = at.notifications.port;
    options.user = fixture.user;
    options.secret = fixture.secret;
    return options;
  }
  [[nodiscard]] ConnectOptions login() const { return login(at()); }

 private:
  cure::testing::ScratchDirectory directory_;

 public:
  const Fixture fixture;

 private:
  Running server_;
};

/// A front to `server`.
inline Running front_of(const Listening& server) {
  return Running([server](const auto& on_listening, const std::stop_token& stop) {
    FrontOptions options;
    options.host = "127.0.0.1";
    options.port = server.commands.port;
    options.notify_port = server.notifications.port;
    options.listen_port = options.listen_notify_port = 0;
    options.handle_signals = false;
    (void)run_front(options, on_listening, stop);
  });
}

}  // namespace uncork::zino::testing
