#pragma once
// Which namespace a socket that has ended was in.

#include <cstdint>
#include <unordered_map>
#include <utility>

#include "probe/look/assembler.hpp"

namespace uncork::probe {

/// Remembers the namespaces that were entered, by their cookies, for this look and the one before: an inode and a number are
/// another's as soon as a namespace is gone, and what is told of its sockets may come later than that.
class KnownSpaces {
 public:
  /// Of a namespace in which the caller was when it read the cookie.
  void learn(std::uint64_t cookie, SpaceIdentity identity) { now_.insert_or_assign(cookie, std::move(identity)); }
  /// Null: it was never entered, or not since the look before. Valid until the next call.
  [[nodiscard]] const SpaceIdentity* find(std::uint64_t cookie) const {
    for (const auto* known : {&now_, &before_}) {
      if (const auto found = known->find(cookie); found != known->end()) return &found->second;
    }
    return nullptr;
  }
  void begin_look() { before_ = std::exchange(now_, {}); }

 private:
  using ByCookie = std::unordered_map<std::uint64_t, SpaceIdentity>;
  ByCookie now_;
  ByCookie before_;
};

}  // namespace uncork::probe
