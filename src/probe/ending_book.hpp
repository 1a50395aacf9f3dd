#pragma once
// From the kernel's events to how each connection ended. Sans-I/O.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "probe/bpf/ending_records.h"
#include "probe/socket_row.hpp"
#include "record/row.hpp"

namespace uncork::probe {

/// How a connection ended. A value.
struct Ending {
  record::CloseReason reason = record::CloseReason::unknown;
  std::optional<std::uint32_t> reset_reason;  ///< the kernel's enum sk_rst_reason, of a reset that was sent
  bool never_connected = false;

  bool operator==(const Ending&) const = default;
};

/// Says in the row how its connection ended: close_reason, reset_reason, last_row.
void fill_ending(const Ending& ending, record::Row& into);

/// Puts together what the kernel says about one socket in several events (a reset may be told before or after the end itself),
/// by cookie. Times are CLOCK_MONOTONIC. What nobody asks for is forgotten after a minute. Not thread-safe.
class EndingBook {
 public:
  /// The rows' texts live in `texts`.
  EndingBook(record::Texts& texts, const KernelUnits& units) : texts_(&texts), units_(units) {}

  /// One event. An Error names what is wrong with the bytes, which then change nothing. The bytes must be aligned to 8.
  [[nodiscard]] core::Status take(std::span<const std::byte> record);

  /// How the connection ended, for whoever has its last row from elsewhere; nullopt: nothing was seen of it. Told once.
  [[nodiscard]] std::optional<Ending> ending_of(std::uint64_t cookie);

  /// Appends the last rows of the connections that never came to be, or were cut off, and whose end is a moment ago (so that a
  /// reset that follows is in it). Each begins as a copy of `base`. Of those, nothing else shows the counters: a dump's close
  /// event comes when they are wiped. ending_of() still tells their ends.
  void collect(const record::Row& base, std::int64_t realtime_ns, std::uint64_t now_ns, std::vector<record::Row>& into);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t at_ns = 0;
    std::optional<std::uint32_t> reset_sent;
    bool reset_received = false;
    bool closed = false;
    bool row_waits = false;  // to be collected
    std::uint8_t old_state = 0;
    int error = 0;
  };
  struct Waiting {
    std::uint64_t at_ns = 0;
    uncork_ending_with_facts record{};
  };

  static Ending judge(const Entry& entry);
  void forget(std::uint64_t now_ns);

  record::Texts* texts_;
  KernelUnits units_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::vector<Waiting> waiting_;
};

/// Whether a listener explains why a connection to it never came to be: it is the one that was asked, and its queue of
/// connections to be accepted is full. (A request that finds it full is dropped without a trace; the other end tries again after
/// 1, 3, 7 s.)
[[nodiscard]] bool overflowed(const record::Row& listener, const record::Row& never_connected);

/// Rows of connections that never came to be whose listener is among `seen` and has its queue full: they say so.
void blame_full_listeners(std::span<const record::Row> seen, std::span<record::Row> never_connected);

}  // namespace uncork::probe
