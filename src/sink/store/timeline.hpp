#pragma once
// How sums went over time.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "sink/sqlite/statement.hpp"
#include "sink/store/rollups.hpp"
#include "sink/store/span.hpp"
#include "stall/cause.hpp"

namespace uncork::sink {

/// Which services are meant: those that have all that is said here. A value.
struct ServicesLike {
  std::optional<std::string> command;
  std::optional<stall::Role> role;
  std::optional<std::uint16_t> port;
  std::optional<std::string> netns;
  std::optional<std::string> container;
  std::optional<bool> others;

  [[nodiscard]] bool takes(const StoredService& who) const;
};

/// One poll, minute or hour.
struct Slot {
  std::int64_t begin_ns = 0;
  std::int64_t length_ns = 0;
  std::array<core::Micros, stall::kCauses> budget{};
  std::uint64_t exchanges = 0;
  core::Micros p50{0};  ///< of the exchanges; 0: there was none
  core::Micros p99{0};
};

enum class SlotKind : std::uint8_t { poll, minute, hour };
/// `poll`, `minute`, `hour`.
[[nodiscard]] std::string_view name(SlotKind kind);

struct Timeline {
  SlotKind kind = SlotKind::minute;
  /// In the order of time. One in which the services did nothing is among them; one in which nobody polled is not.
  std::vector<Slot> slots;
  ServiceSums sums;          ///< of all of them
  StoredService who{};       ///< the service; if several are meant, one of them
  std::size_t services = 0;  ///< that are meant and had sums
};

/// What a service gained in a poll.
struct RecentGain {
  core::Micros lost{0};
  std::uint64_t exchanges = 0;
};

/// The last polls, the oldest first.
struct RecentPolls {
  struct Poll {
    std::int64_t began_ns = 0;
    core::Micros interval{0};
  };
  std::vector<Poll> polls;
  std::map<StoredService, std::vector<RecentGain>> services;  ///< each with as many gains as there are polls
};

}  // namespace uncork::sink
