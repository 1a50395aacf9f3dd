#pragma once
// Which row has a socket's cookie: a table for one pass, made for many passes.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace uncork::probe {

/// From cookies (never 0) to row numbers. Keeps its memory when cleared, and clears in no time. A value; not thread-safe.
class CookieIndex {
 public:
  void clear() {
    ++pass_;
    count_ = 0;
  }

  struct Found {
    std::uint32_t row = 0;
    bool fresh = false;  ///< it was not there and is now
  };
  /// The row of `cookie`; `row` if it is new.
  Found insert(std::uint64_t cookie, std::uint32_t row) {
    if ((count_ + 1) * 2 > slots_.size()) grow();
    Slot& slot = slots_[place(cookie)];
    if (slot.pass == pass_) return {slot.row, false};
    slot = {cookie, pass_, row};
    ++count_;
    return {row, true};
  }

 private:
  struct Slot {
    std::uint64_t cookie = 0;
    std::uint32_t pass = 0;  // free, unless it is the current one
    std::uint32_t row = 0;
  };

  [[nodiscard]] std::size_t place(std::uint64_t cookie) const {
    const std::size_t mask = slots_.size() - 1;
    // Cookies are numbers in a row, per processor: they spread by themselves.
    std::size_t at = (cookie ^ cookie >> 17) & mask;
    while (slots_[at].pass == pass_ && slots_[at].cookie != cookie) at = (at + 1) & mask;
    return at;
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 1024 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.pass == pass_) slots_[place(slot.cookie)] = slot;
    }
  }

  std::vector<Slot> slots_;  // a power of two
  std::uint32_t pass_ = 1;
  std::size_t count_ = 0;
};

}  // namespace uncork::probe
