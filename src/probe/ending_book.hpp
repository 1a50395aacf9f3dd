#pragma once
// From the kernel's events to how each connection ended. Sans-I/O.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "probe/bpf/ending_records.h"
#include "probe/request_book.hpp"
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
/// by cookie. Times are CLOCK_MONOTONIC. A socket that ended is remembered until it is freed, which whoever holds it decides; of
/// those that ended more than a minute ago, the youngest kMostHeld. Not thread-safe.
class EndingBook {
 public:
  static constexpr std::size_t kMostHeld = 32'768;

  /// The rows' texts live in `texts`.
  EndingBook(record::Texts& texts, const KernelUnits& units) : texts_(&texts), units_(units), requests_(units.tick_ns) {}

  /// One event. An Error names what is wrong with the bytes, which then change nothing. The bytes must be aligned to 8.
  [[nodiscard]] core::Status take(std::span<const std::byte> record);

  /// How the connection ended, for whoever has its last row from elsewhere; nullopt: nothing was seen of it. Told once.
  [[nodiscard]] std::optional<Ending> ending_of(std::uint64_t cookie);

  /// As ending_of(), when the kernel frees the socket. `has_row`: collect() gives its last row, or gave it: no other is wanted.
  struct Freed {
    Ending ending;
    bool has_row = false;
  };
  [[nodiscard]] std::optional<Freed> freed(std::uint64_t cookie);

  /// What a row begins with: what is known of that socket so far. Its process and inode stay, where the event has none.
  using BaseOf = std::function<record::Row(std::uint64_t cookie)>;
  /// Appends the last rows of the sockets whose end is a moment ago (so that a reset that follows is in it), and of the requests
  /// to listeners that came to nothing. ending_of() still tells their ends.
  void collect(const BaseOf& base_of, std::int64_t realtime_ns, std::uint64_t now_ns, std::vector<record::Row>& into);

  /// The same for whoever gives its last row now, though the socket may not be freed yet: no other is wanted then.
  [[nodiscard]] std::optional<Freed> claim(std::uint64_t cookie);
  /// Its last row is given though nothing was heard of its end: the event was lost, and the socket may still be held.
  void give(std::uint64_t cookie);
  /// Whether the connection has ended, and its socket is not freed yet.
  [[nodiscard]] bool has_ended(std::uint64_t cookie) const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  /// Of the rows that wait.
  void hold_texts() const;

 private:
  struct Entry {
    std::uint64_t at_ns = 0;
    std::optional<std::uint32_t> reset_sent{};
    bool reset_received = false;
    bool closed = false;
    bool row_waits = false;         // to be collected
    std::optional<Ending> given{};  // with the row that was; what is told after that is of another connection of this socket
    bool freed = false;
    std::uint8_t old_state = 0;
    int error = 0;
  };
  struct Waiting {
    std::uint64_t at_ns = 0;
    uncork_ending_with_facts record{};
    std::unique_ptr<record::Row> base{};  // of the first collect() that found it too young: a later one may know no more of it
  };

  static Ending judge_last(const Entry& entry);
  static Ending judge(const Entry& entry);
  void note(const uncork_ending& event);
  void forget(std::uint64_t now_ns);

  record::Texts* texts_;
  KernelUnits units_;
  RequestBook requests_;
  std::uint64_t forget_at_ns_ = 0;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::vector<Waiting> waiting_;
};

}  // namespace uncork::probe
