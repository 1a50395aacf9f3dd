#pragma once
// Which namespace a socket that has ended was in.

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "probe/look/assembler.hpp"

namespace uncork::probe {

/// Remembers the namespaces that were entered, by their cookies, for this look and the one before: an inode and a number are
/// another's as soon as a namespace is gone, and what is told of its sockets may come later than that. Not thread-safe.
class KnownSpaces {
 public:
  /// Of a namespace in which the caller was when it read the cookie.
  void learn(std::uint64_t cookie, SpaceIdentity identity) {
    by_cookie_.insert_or_assign(cookie, Known{std::move(identity), look_});
  }
  /// Null: it was never entered, or not since the look before. Valid until the next call of another member.
  [[nodiscard]] const SpaceIdentity* find(std::uint64_t cookie) const {
    const auto found = by_cookie_.find(cookie);
    return found == by_cookie_.end() ? nullptr : &found->second.identity;
  }
  void begin_look() {
    std::erase_if(by_cookie_, [&](const auto& entry) { return entry.second.look != look_; });
    ++look_;
  }

 private:
  struct Known {
    SpaceIdentity identity;
    std::uint64_t look = 0;  // in which it was entered last
  };
  std::unordered_map<std::uint64_t, Known> by_cookie_;
  std::uint64_t look_ = 0;
};

}  // namespace uncork::probe
