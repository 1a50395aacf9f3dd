#pragma once
// Real processes that hold chosen sockets, for a cure to work on, and the sockets themselves, on loopback.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"
#include "cure/watcher.hpp"

namespace uncork::cure::testing {

/// How long a test waits for another process before it fails; generous, since the machine may be busy.
inline constexpr std::chrono::seconds kPatience{20};

/// Both ends of one connection.
struct Connection {
  core::Fd client;
  core::Fd server;
  [[nodiscard]] std::uint16_t client_port() const;
  [[nodiscard]] std::uint16_t server_port() const;
};

[[nodiscard]] core::Fd listen_on(const char* address);
/// Over IPv4, unless another address is given.
[[nodiscard]] Connection connect_pair(const char* address = "127.0.0.1:0");
[[nodiscard]] bool nodelay(const core::Fd& socket);
void set_nodelay(const core::Fd& socket, bool on);
[[nodiscard]] std::optional<SocketOutcome> outcome_of(const CureReport& report, const core::Fd& socket);

/// A child process; it ends with this object.
class TargetProcess {
 public:
  /// Holds these descriptors, under the numbers they have here, and none other above 2. It shares the open files with the test,
  /// which therefore sees in its own descriptors what a cure did.
  [[nodiscard]] static TargetProcess holding(const std::vector<int>& fds);
  /// Accepts whatever connects to the listener, and keeps it.
  [[nodiscard]] static TargetProcess accepting(const core::Fd& listener);
  /// Accepts one connection after the other; closes each when its client does.
  [[nodiscard]] static TargetProcess serving(const core::Fd& listener);
  TargetProcess(const TargetProcess&) = delete;
  TargetProcess& operator=(const TargetProcess&) = delete;
  TargetProcess(TargetProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  TargetProcess& operator=(TargetProcess&&) = delete;
  ~TargetProcess() { end(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Kills it and collects it.
  void end();
  /// Kills it and leaves it for the parent to collect: a zombie.
  void end_uncollected();

 private:
  explicit TargetProcess(pid_t pid) : pid_(pid) {}
  /// Forks; the child keeps `fds` and runs `life`, which does not return.
  [[nodiscard]] static TargetProcess start(const std::vector<int>& fds, const std::function<void()>& life);

  pid_t pid_;
};

/// Runs `body` in a forked child and gives what it wrote to the descriptor it is handed.
[[nodiscard]] std::string in_child(const std::function<void(int)>& body);

}  // namespace uncork::cure::testing
