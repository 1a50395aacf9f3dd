#include "probe/look/history.hpp"

#include <algorithm>
#include <utility>

namespace uncork::probe {

using record::Row;

namespace {
/// So long a row is kept for whom looks that are not whole do not show. Others are not seen to end, which those looks admit.
constexpr unsigned kPartialLooksMost = 3;
}  // namespace

bool is_full_socket(const Row& row) {
  return row.row_kind == record::RowKind::socket && row.knows(record::Block::owner) && row.inet_diag_msg_socket_cookie != 0;
}

const Row* SocketHistory::row_of(std::uint64_t cookie) const {
  const auto number = last_.cookies.find(cookie);
  if (number) {
    if (*number >= rows_.size()) return nullptr;
    row_ = rows_.at(*number);
    return &row_;
  }
  const auto awaited =
      std::ranges::find_if(awaited_, [&](const Awaited& one) { return one.row.inet_diag_msg_socket_cookie == cookie; });
  return awaited == awaited_.end() ? nullptr : &awaited->row;
}

bool SocketHistory::has_ended(std::uint64_t cookie) const {
  return ended_[0].has(cookie) || ended_[1].has(cookie) || ended_[2].has(cookie);
}

bool SocketHistory::was_freed(std::uint64_t cookie) const {
  const auto freed = [&](const CookieMap& interval) { return interval.find(cookie).value_or(0) != 0; };
  return freed(ended_[0]) || freed(ended_[1]) || freed(ended_[2]);
}

std::vector<Row> SocketHistory::gone(const CookieMap& now) const {
  std::vector<Row> gone;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row row = rows_.at(i);
    const std::uint64_t cookie = row.inet_diag_msg_socket_cookie;
    if (!now.has(cookie) && !has_ended(cookie)) gone.push_back(row);
  }
  for (const Awaited& awaited : awaited_) {
    const std::uint64_t cookie = awaited.row.inet_diag_msg_socket_cookie;
    if (!awaited.is_held && !now.has(cookie) && !has_ended(cookie)) gone.push_back(awaited.row);
  }
  return gone;
}

void SocketHistory::compare(const std::vector<Row>& rows, bool listening, const Elsewhere& elsewhere, Coverage& into) {
  if (!last_.whole || !before_.whole) return;
  CookieMap now;
  for (const Row& row : rows) {
    if (!is_full_socket(row)) continue;
    const std::uint64_t cookie = row.inet_diag_msg_socket_cookie;
    now.insert(cookie, 0);
    if (!last_.cookies.has(cookie) && before_.cookies.has(cookie)) ++into.missed_cookies;
  }
  if (listening) count_unended(now, elsewhere, into);
}

void SocketHistory::count_unended(const CookieMap& now, const Elsewhere& elsewhere, Coverage& into) {
  std::erase_if(awaited_, [&](Awaited& awaited) {
    const std::uint64_t cookie = awaited.row.inet_diag_msg_socket_cookie;
    if (now.has(cookie) || has_ended(cookie)) return true;
    if (elsewhere.is_told && elsewhere.is_told(cookie)) return true;
    const bool was_held = awaited.is_held;
    awaited.is_held = elsewhere.is_held && elsewhere.is_held(awaited.row.inet_diag_msg_inode);
    if (awaited.is_held || was_held) return false;  // once it is let go, the word may still be on its way
    ++into.unended_cookies;
    return true;
  });
}

// What a look that is not whole does not show may be there, and may be gone when the next is whole. `rows_` are still those of
// the look before.
void SocketHistory::await_what_is_gone(bool whole) {
  std::erase_if(awaited_, [&](Awaited& awaited) {
    const std::uint64_t cookie = awaited.row.inet_diag_msg_socket_cookie;
    if (!whole) ++awaited.partial_looks;
    return last_.cookies.has(cookie) || has_ended(cookie) || (!awaited.is_held && awaited.partial_looks > kPartialLooksMost);
  });
  before_.cookies.for_each([&](std::uint64_t cookie, std::uint32_t number) {
    if (number < rows_.size() && !last_.cookies.has(cookie) && !has_ended(cookie)) awaited_.push_back({rows_.at(number)});
  });
}

void SocketHistory::remember(const std::vector<Row>& rows, bool whole, KeepRows keep) {
  std::swap(before_, last_);
  last_.cookies.clear();
  last_.whole = whole;
  std::uint32_t number = 0;
  for (const Row& row : rows) {
    if (is_full_socket(row)) last_.cookies.insert(row.inet_diag_msg_socket_cookie, keep == KeepRows::yes ? number++ : 0);
  }
  await_what_is_gone(whole);
  rows_.clear();
  for (const Row& row : rows) {
    if (keep == KeepRows::yes && is_full_socket(row)) rows_.push_back(row);
  }
  std::swap(ended_[2], ended_[1]);
  std::swap(ended_[1], ended_[0]);
  ended_[0].clear();
}

void SocketHistory::hold_texts() const {
  for (std::size_t i = 0; i < rows_.size(); ++i) record::hold_texts(rows_.at(i));
  for (const Awaited& awaited : awaited_) record::hold_texts(awaited.row);
}

}  // namespace uncork::probe
