#pragma once
// What a service says of itself, of which its own life never depends.

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "core/clock.hpp"

namespace uncork::zino {

/// Passes lines on to the owner's function, whose failures are nobody's concern. What is said again and again (every refused
/// connection, every change that a full disk refuses) is said once a second, with how often it was. Used on one thread.
class ServiceLog {
 public:
  explicit ServiceLog(std::function<void(const std::string&)> out) : out_(std::move(out)) {}

  /// Lines of one `kind` count as the same; of those that were not passed on, the last one is.
  void say(const std::string& kind, const std::string& line, core::Time now = core::MonotonicClock::now()) noexcept;
  void say(const std::string& line) noexcept { say(line, line); }
  /// Says what was held back for a second. Call it some times a second.
  void sweep(core::Time now) noexcept;
  /// Says all that was held back.
  void flush() noexcept;
  /// Lines that the owner's function has thrown away by an exception.
  [[nodiscard]] std::uint64_t unsaid() const { return unsaid_; }

 private:
  struct Kind {
    core::Time said;
    std::uint64_t more = 0;  // since then
    std::string last;
  };
  void pass(const std::string& line) noexcept;
  void pass_held(const Kind& kind) noexcept;

  std::function<void(const std::string&)> out_;
  std::map<std::string, Kind> kinds_;  // of the last second
  std::uint64_t unsaid_ = 0;
};

}  // namespace uncork::zino
