#pragma once
// What the looks before this one saw: to complete last rows, and to notice what a look missed.

#include <cstdint>
#include <functional>
#include <vector>

#include "probe/cookie_map.hpp"
#include "probe/look/coverage.hpp"
#include "probe/look/packed_rows.hpp"
#include "record/row.hpp"

namespace uncork::probe {

/// Remembers full sockets only: a request socket and what is left in TIME_WAIT have cookies of their own. Not thread-safe.
class SocketHistory {
 public:
  /// The row of `cookie` in the last look that was remembered, or the last one of what is awaited; nullptr: it was in none, or
  /// rows are not kept. Valid until the next call.
  [[nodiscard]] const record::Row* row_of(std::uint64_t cookie) const;

  /// Its last row is given: when the kernel freed the socket (or must have), or before that, when its connection ended.
  enum class LastRow : std::uint8_t { at_end, at_free };
  void note_ended(std::uint64_t cookie, LastRow when) { ended_[0].number(cookie) |= when == LastRow::at_free ? 1U : 0U; }
  /// In this interval between looks, or the two before.
  [[nodiscard]] bool has_ended(std::uint64_t cookie) const;
  [[nodiscard]] bool was_freed(std::uint64_t cookie) const;

  /// Of the rows that were remembered last, and of what is awaited but not held, those that are not among `now` and have no last
  /// row: after close events were lost, the only thing that is known of their ends.
  [[nodiscard]] std::vector<record::Row> gone(const CookieMap& now) const;

  using IsTold = std::function<bool(std::uint64_t cookie)>;
  using IsHeld = std::function<bool(std::uint64_t inode)>;
  /// What is known from elsewhere of a socket that is gone without a word. Empty: nothing.
  struct Elsewhere {
    IsTold is_told{};  ///< its end is known
    IsHeld is_held{};  ///< a process has it open: its connection has ended, and the kernel has not freed it yet
  };
  /// Counts what the last look missed, and what ended without a word (once each), when all three looks were whole. What is held
  /// is awaited.
  void compare(const std::vector<record::Row>& rows, bool listening, const Elsewhere& elsewhere, Coverage& into);

  enum class KeepRows : bool { no, yes };
  void remember(const std::vector<record::Row>& rows, bool whole, KeepRows keep);
  /// Of all rows that are kept.
  void hold_texts() const;

 private:
  struct Seen {
    CookieMap cookies;
    bool whole = false;
  };
  /// Not shown any more, and nothing was heard of its end yet.
  struct Awaited {
    record::Row row;
    bool is_held = false;
    unsigned partial_looks = 0;  // since it is awaited
  };
  void count_unended(const CookieMap& now, const Elsewhere& elsewhere, Coverage& into);
  void await_what_is_gone(bool whole);

  Seen last_;
  Seen before_;
  PackedRows rows_;  // by the numbers in last_, if they are kept
  std::vector<Awaited> awaited_;
  mutable record::Row row_;  // of row_of()
  CookieMap ended_[3];       // since the last look, in the interval before, and before that
};

/// Whether its cookie is that of a full socket.
[[nodiscard]] bool is_full_socket(const record::Row& row);

}  // namespace uncork::probe
