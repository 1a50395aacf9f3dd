#pragma once
// What a ledger adds up to: the time budget and the write pattern of an exchange, a connection, a process.

#include <array>
#include <cstdint>

#include "core/clock.hpp"
#include "stall/cause.hpp"
#include "stall/flow_ledger.h"

namespace uncork::stall {

/// Time by cause. A value; adding two adds their causes.
class Budget {
 public:
  [[nodiscard]] core::Micros operator[](Cause cause) const { return us_[static_cast<std::size_t>(cause)]; }
  [[nodiscard]] core::Micros& operator[](Cause cause) { return us_[static_cast<std::size_t>(cause)]; }
  Budget& operator+=(const Budget& other);
  Budget& operator-=(const Budget& other);
  bool operator==(const Budget&) const = default;

  /// All of it, idle included.
  [[nodiscard]] core::Micros total() const;
  /// The time lost to stalls.
  [[nodiscard]] core::Micros lost() const;
  /// The time in which an exchange was under way: all but idle.
  [[nodiscard]] core::Micros busy() const { return total() - (*this)[Cause::idle]; }
  /// The stall that cost most; `idle` when nothing was lost.
  [[nodiscard]] Cause worst() const;

 private:
  std::array<core::Micros, kCauses> us_{};
};

/// Durations counted by powers of two: bucket n holds 2^n to 2^(n+1)-1 us.
using Log2Histogram = std::array<std::uint32_t, UNCORK_LOG2_BUCKETS>;

/// Writes whose last byte left later than it was written, because it was held.
struct Late {
  core::Micros total{0};
  std::uint64_t writes = 0;
  core::Micros worst{0};

  Late& operator+=(const Late& other);
  bool operator==(const Late&) const = default;
};

/// A ledger summed up: of one connection end, or of many.
struct Account {
  Budget budget;
  std::array<Late, kStalls> late_by{};
  std::uint64_t exchanges = 0;  ///< begun
  std::uint64_t writes = 0;
  std::uint64_t wrote_bytes = 0;
  std::uint64_t received_bytes = 0;
  std::uint64_t holds = 0;            ///< Nagle and cork holds
  std::uint64_t spurious_probes = 0;  ///< segments sent again that the peer had received already (DSACK)
  Log2Histogram hold_log2{};
  Log2Histogram exchange_log2{};

  Account& operator+=(const Account& other);
  /// Takes out what an earlier += put in; the worst of what was late stays.
  Account& operator-=(const Account& other);
  [[nodiscard]] double writes_per_exchange() const;
  [[nodiscard]] double bytes_per_write() const;
  /// Lost time as a share (0 to 1) of the time in which exchanges were under way.
  [[nodiscard]] double lost_share() const;
  /// What this stall made late; the cause must be a stall.
  [[nodiscard]] const Late& late(Cause cause) const { return late_by.at(static_cast<std::size_t>(cause)); }
  /// All of them.
  [[nodiscard]] Late late() const;
};

/// The account of a flow ledger (one of the kernel's, or of a Ledger's).
[[nodiscard]] Account account_of(const uncork_flow& flow);

}  // namespace uncork::stall
