#pragma once
// What the looks before this one saw: to complete last rows, and to notice what a look missed.

#include <cstdint>
#include <vector>

#include "probe/look/cookie_map.hpp"
#include "probe/look/coverage.hpp"
#include "record/row.hpp"

namespace uncork::probe {

/// Remembers full sockets only: a request socket and what is left in TIME_WAIT have cookies of their own. Not thread-safe.
class SocketHistory {
 public:
  /// The row of `cookie` in the last look that was remembered; nullptr: it was in none, or rows are not kept. Valid until
  /// remember().
  [[nodiscard]] const record::Row* row_of(std::uint64_t cookie) const;

  /// The kernel said that it ended. False: it said so before.
  bool ended(std::uint64_t cookie) { return ended_[0].insert(cookie, 0); }

  /// Counts what the last look missed, and what ended without a word (once each), when all three looks were whole.
  void compare(const std::vector<record::Row>& rows, bool listening, Coverage& into) const;

  enum class KeepRows : bool { no, yes };
  void remember(const std::vector<record::Row>& rows, bool whole, KeepRows keep);

 private:
  struct Seen {
    CookieMap cookies;
    bool whole = false;
  };
  Seen last_;
  Seen before_;
  std::vector<record::Row> rows_;  // by the numbers in last_, if they are kept
  CookieMap ended_[3];             // since the last look, in the interval before, and before that
};

/// Whether its cookie is that of a full socket.
[[nodiscard]] bool is_full_socket(const record::Row& row);

}  // namespace uncork::probe
