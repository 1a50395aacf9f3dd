#pragma once
// Net tests of the proxy: one running in a thread, and the two ends beside it. Everything is on loopback, and every wait ends
// after kPatience, so that a fault fails a test instead of hanging it.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/syscall.hpp"
#include "relay/proxy.hpp"

namespace uncork::relay::testing_proxy {

inline constexpr auto kPatience = std::chrono::seconds(20);  // hundreds of times what a loaded machine needs

inline core::Endpoint loopback(std::uint16_t port) { return {core::Endpoint::Family::v4, {127, 0, 0, 1}, port}; }

inline void impatient(const core::Fd& socket) {
  const timeval timeout{kPatience.count(), 0};
  ASSERT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
  ASSERT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout), 0);
}

template <typename T>
T must(core::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);  // gtest reports it as the test's failure
  return std::move(*result);
}

/// A listening socket of the test's own, in the server's place.
class Target {
 public:
  Target() : listener_(must(core::tcp_listen(loopback(0), 1024))) { impatient(listener_); }
  [[nodiscard]] core::Endpoint address() const { return must(core::local_endpoint(listener_)); }
  [[nodiscard]] core::Fd accept() const {
    core::Fd socket = must(core::tcp_accept(listener_));
    impatient(socket);
    return socket;
  }

 private:
  core::Fd listener_;
};

/// A proxy that runs until stop() or the end of the scope.
class RunningProxy {
 public:
  explicit RunningProxy(ProxyOptions options) : proxy_(must(Proxy::start(with_events(std::move(options))))) {
    thread_ = std::thread([this] { summary_ = proxy_.run(); });
  }
  RunningProxy(const RunningProxy&) = delete;
  RunningProxy& operator=(const RunningProxy&) = delete;
  ~RunningProxy() { stop(); }

  ProxySummary stop() {
    if (thread_.joinable()) {
      proxy_.stop();
      thread_.join();
    }
    return summary_;
  }
  /// For what ends run() by itself.
  ProxySummary join() {
    thread_.join();
    return summary_;
  }
  [[nodiscard]] core::Endpoint address() const { return proxy_.listening(); }
  [[nodiscard]] core::Fd connect() const {
    core::Fd socket = must(core::tcp_connect(address()));
    impatient(socket);
    return socket;
  }
  [[nodiscard]] std::vector<std::string> events() {
    const std::scoped_lock lock(mutex_);
    return events_;
  }

 private:
  ProxyOptions with_events(ProxyOptions options) {
    options.on_event = [this](std::string_view line) {
      const std::scoped_lock lock(mutex_);
      events_.emplace_back(line);
    };
    return options;
  }

  std::mutex mutex_;
  std::vector<std::string> events_;
  ProxySummary summary_;
  Proxy proxy_;
  std::thread thread_;
};

inline std::vector<std::byte> random_bytes(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<std::byte> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::byte>(generator());
  return bytes;
}

inline void send_text(const core::Fd& socket, std::string_view text) {
  const auto sent = core::send_all(socket, std::as_bytes(std::span(text)));
  EXPECT_TRUE(sent) << sent.error().message;
}

/// Sends in pieces of 1 byte to 100 kB, mostly small ones, then half-closes.
inline void send_in_pieces(const core::Fd& socket, std::span<const std::byte> bytes, unsigned seed) {
  std::mt19937 generator(seed);
  while (!bytes.empty()) {
    const std::size_t most = std::size_t{1} << (generator() % 17U);
    const std::size_t piece = std::min<std::size_t>(bytes.size(), 1 + generator() % most);
    const auto sent = core::send_all(socket, bytes.first(piece));
    ASSERT_TRUE(sent) << sent.error().message;
    bytes = bytes.subspan(piece);
  }
  ::shutdown(socket.get(), SHUT_WR);
}

/// What came until the stream's end, and the errno that ended it (0: an orderly end; EAGAIN: patience).
struct Received {
  std::vector<std::byte> bytes;
  int error = 0;
};

inline Received read_to_end(const core::Fd& socket, std::size_t most = SIZE_MAX) {
  Received received;
  std::vector<std::byte> buffer(64 * 1024);
  while (received.bytes.size() < most) {
    const auto got = core::read_some(socket, std::span(buffer).first(std::min(buffer.size(), most - received.bytes.size())));
    if (!got) {
      received.error = got.error().system_errno;
      break;
    }
    if (got->kind == core::ReadOutcome::Kind::would_block) received.error = EAGAIN;
    if (got->kind != core::ReadOutcome::Kind::bytes) break;
    received.bytes.insert(received.bytes.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got->count));
  }
  return received;
}

inline std::string as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string read_text(const core::Fd& socket, std::size_t count) { return as_text(read_to_end(socket, count).bytes); }

/// Makes close() send RST.
inline void reset_when_closed(const core::Fd& socket) {
  const linger reset{1, 0};
  ASSERT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
}

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries))) - 1;  // without the iterator's own
}

/// Whether `condition` comes true within kPatience.
template <typename Condition>
bool comes_true(Condition condition) {
  const core::Time deadline = core::MonotonicClock::now() + kPatience;
  while (core::MonotonicClock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return condition();
}

}  // namespace uncork::relay::testing_proxy
