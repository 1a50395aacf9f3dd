#include "probe/look/history.hpp"

#include <utility>

namespace uncork::probe {

using record::Row;

bool is_full_socket(const Row& row) {
  return row.row_kind == record::RowKind::socket && row.knows(record::Block::owner) && row.inet_diag_msg_socket_cookie != 0;
}

const Row* SocketHistory::row_of(std::uint64_t cookie) const {
  const auto number = last_.cookies.find(cookie);
  if (!number || *number >= rows_.size()) return nullptr;
  row_ = rows_.at(*number);
  return &row_;
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
  return gone;
}

void SocketHistory::compare(const std::vector<Row>& rows, bool listening, const IsTold& is_told, Coverage& into) const {
  if (!last_.whole || !before_.whole) return;
  CookieMap now;
  for (const Row& row : rows) {
    if (!is_full_socket(row)) continue;
    const std::uint64_t cookie = row.inet_diag_msg_socket_cookie;
    now.insert(cookie, 0);
    if (!last_.cookies.has(cookie) && before_.cookies.has(cookie)) ++into.missed_cookies;
  }
  if (!listening) return;
  before_.cookies.for_each([&](std::uint64_t cookie, std::uint32_t /*number*/) {
    const bool is_gone = !last_.cookies.has(cookie) && !now.has(cookie);
    if (is_gone && !has_ended(cookie) && !is_told(cookie)) ++into.unended_cookies;
  });
}

void SocketHistory::remember(const std::vector<Row>& rows, bool whole, KeepRows keep) {
  std::swap(before_, last_);
  last_.cookies.clear();
  last_.whole = whole;
  rows_.clear();
  for (const Row& row : rows) {
    if (!is_full_socket(row)) continue;
    last_.cookies.insert(row.inet_diag_msg_socket_cookie, static_cast<std::uint32_t>(keep == KeepRows::yes ? rows_.size() : 0));
    if (keep == KeepRows::yes) rows_.push_back(row);
  }
  std::swap(ended_[2], ended_[1]);
  std::swap(ended_[1], ended_[0]);
  ended_[0].clear();
}

}  // namespace uncork::probe
