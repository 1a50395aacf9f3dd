#pragma once
// A Zino server that says what a test makes it say.

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/fd.hpp"

namespace uncork::cli::testing {

/// How a fake server treats one answer.
struct Said {
  std::string bytes;
  bool closes = false;                ///< the connection, after them
  bool endless = false;               ///< says the last line of them again and again
  std::chrono::milliseconds pause{};  ///< after each byte, if not 0
};

/// Two cases, 1 and 2, and two planned maintenances, 1 and 2, on one port; on the other a nonce and what `notify` gives. Serves
/// one connection of each at a time, on threads of its own.
class FakeZino {
 public:
  /// What is said in answer to `question`: a command as it came, or GREETING, or BODY after the `.` of one. `right` is what a
  /// good server says.
  using Answer = std::function<Said(const std::string& question, const std::string& right)>;

  FakeZino(Answer answer, bool byte_by_byte, std::string notifications = "");
  ~FakeZino();
  FakeZino(const FakeZino&) = delete;
  FakeZino& operator=(const FakeZino&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::uint16_t notify_port() const { return notify_port_; }
  /// What was asked so far, each once, in order.
  [[nodiscard]] std::vector<std::string> asked() const;

 private:
  void serve_commands();
  void serve_notifications();
  void converse(const core::Fd& socket);
  bool say(const core::Fd& socket, const std::string& question);
  bool send(const core::Fd& socket, const Said& said) const;
  /// False: the test is over.
  [[nodiscard]] bool wait_for(const core::Fd& fd) const;

  Answer answer_;
  bool byte_by_byte_;
  std::string notifications_;
  core::Fd commands_;
  core::Fd notify_;
  core::Fd stop_read_;
  core::Fd stop_write_;
  std::uint16_t port_ = 0;
  std::uint16_t notify_port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  std::jthread command_thread_;
  std::jthread notify_thread_;
};

}  // namespace uncork::cli::testing
