#pragma once
// What the counters of all connections grew by, from poll to poll.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <unordered_map>

#include "probe/look/look.hpp"
#include "record/row.hpp"

namespace uncork::collect {

/// A counter of struct tcp_info that is added up over all connections.
struct TcpCounter {
  std::string_view name;  ///< to Prometheus
  std::string_view otlp;  ///< as gRPC A80 calls it, or one of ours
  std::string_view unit;  ///< as UCUM writes it: By, s, {packet}
  std::string_view help;
  double scale = 1;  ///< from what tcp_info counts to the unit
};
inline constexpr std::size_t kTcpCounters = 10;
/// In the order of Growth's sums.
[[nodiscard]] std::span<const TcpCounter, kTcpCounters> tcp_counters();

using TcpSums = std::array<std::uint64_t, kTcpCounters>;

/// Remembers the counters of each connection by its cookie: about 150 bytes each. A connection that was there at the first poll
/// counts from then on; one that began later counts from its begin; what ends counts up to its last row, once. One thread.
class Growth {
 public:
  using Wanted = std::function<bool(const record::Row&)>;
  /// What was added since the look before, by rows that are wanted; all are remembered, so that one which is wanted later counts
  /// from then on. Empty: all.
  [[nodiscard]] TcpSums of(const probe::Look& look, const Wanted& wanted = {});

  /// Connections that began since the first look.
  [[nodiscard]] std::uint64_t created() const { return created_; }
  [[nodiscard]] std::size_t remembered() const { return seen_.size(); }

 private:
  struct Seen {
    std::uint64_t look = 0;
    TcpSums counters{};
  };

  std::unordered_map<std::uint64_t, Seen> seen_;
  std::uint64_t look_ = 0;
  std::uint64_t created_ = 0;
};

}  // namespace uncork::collect
