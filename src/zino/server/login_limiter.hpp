#pragma once
// How often an address may fail to log in.

#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "core/clock.hpp"

namespace uncork::zino {

/// At most `failures` in a minute for one address. Sans-I/O; remembers only who has failed in the last minute.
class LoginLimiter {
 public:
  explicit LoginLimiter(std::size_t failures) : failures_(failures) {}

  [[nodiscard]] bool allowed(const std::string& address, core::Time now);
  void failed(const std::string& address, core::Time now) { recent_[address].push_back(now); }
  /// Forgets what is more than a minute old.
  void sweep(core::Time now);

 private:
  std::size_t failures_;
  std::map<std::string, std::deque<core::Time>> recent_;
};

}  // namespace uncork::zino
