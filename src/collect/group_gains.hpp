#pragma once
// What connections gained from poll to poll, summed up by the process that has them and by the address at their other end.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "probe/source.hpp"
#include "sink/store/store.hpp"

namespace uncork::collect {

/// Fed what a witness tells of each poll: the open connections, and those that ended and lost something. Remembers the account of
/// each open one. Sans-I/O, not thread-safe.
class GroupGains {
 public:
  /// So many groups of each kind have sums of their own in a poll: those that lost most, then those that exchanged most. The
  /// others are summed up as one.
  static constexpr std::size_t kMostGroups = 50;

  /// Of groups that exchanged or lost something since the call before. Processes that came and went between two polls are
  /// summed up by name, as `nginx[*]`: a server that forks for each connection would fill the store with their numbers.
  [[nodiscard]] std::vector<sink::ServiceGain> of(std::span<const probe::ConnectionRow> rows);

 private:
  struct Before {
    stall::Account account;
    bool loser = false;
    std::uint32_t poll = 0;  // that told of it last
  };

  std::unordered_map<std::uint64_t, Before> open_;  // by cookie
  std::uint32_t poll_ = 0;
};

/// The name of the group that a connection belongs to: `nginx[4242]`, and the peer's address without its port.
[[nodiscard]] std::string process_group_of(const probe::ConnectionRow& row);
[[nodiscard]] std::string peer_group_of(const probe::ConnectionRow& row);

}  // namespace uncork::collect
