#pragma once
// Listeners that did not take a connection, and the connections that never came to be because of them.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "record/row.hpp"

namespace uncork::probe {

/// Notices, from look to look, which listeners dropped requests. Not thread-safe.
class ListenerDrops {
 public:
  /// Of the listeners among `rows` that dropped something since the last call, appends a row each to `into`: never_connected, not
  /// a last row, without a cookie (it is not the listener's own row), sk_mem_info_drops the number since then. Reason:
  /// accept_overflow if its queue is full, or was.
  void compare(std::span<const record::Row> rows, std::vector<record::Row>& into);

 private:
  struct Seen {
    std::uint64_t look = 0;
    std::uint32_t drops = 0;
    bool full = false;
  };
  std::uint64_t look_ = 0;
  std::unordered_map<std::uint64_t, Seen> seen_;  // by cookie
};

/// Whether a listener explains why a connection to it never came to be: it is the one that was asked, and its queue of
/// connections to be accepted is full, or it is one of ListenerDrops' rows. (A request that finds the queue full is dropped
/// without a trace; the other end tries again after 1, 3, 7 s.)
[[nodiscard]] bool overflowed(const record::Row& listener, const record::Row& never_connected);

/// Rows of connections that never came to be whose listener is among `seen` and overflowed: they say so. Those of requests only
/// with `Requests::too`: where the kernel's events are heard, they know better.
enum class Requests : bool { leave, too };
void blame_full_listeners(std::span<const record::Row> seen, std::span<record::Row> never_connected, Requests requests);

}  // namespace uncork::probe
