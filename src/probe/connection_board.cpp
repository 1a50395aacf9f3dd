#include "probe/connection_board.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace uncork::probe {

void ConnectionBoard::update(std::vector<ConnectionRow> rows, core::Time now) {
  const double seconds = std::max(static_cast<double>((now - updated_at_).count()) / 1e6, 1e-3);
  for (auto& [cookie, entry] : entries_) {
    entry.lost_before = entry.row.account.budget.lost();
    entry.lost_ms_per_second = 0;
  }
  owners_.clear();
  for (const auto& [cookie, entry] : entries_) {
    if (entry.row.ended)
      owners_[{entry.row.where.local, entry.row.where.remote}].emplace_back(entry.row.where.netns, entry.row.where.process);
  }
  for (ConnectionRow& row : rows) {
    const auto known = entries_.find(row.where.cookie);
    // The last row of a socket names who wrote first: nobody, or another process than the one whose socket it was on this board.
    if (known != entries_.end() && (row.where.process.pid == 0 || (row.ended && !wants(row)))) {
      row.where.process = known->second.row.where.process;
    }
    owners_[{row.where.local, row.where.remote}].emplace_back(row.where.netns, row.where.process);
    if (known == entries_.end() && !wants(row)) continue;
    const auto [at, fresh] = entries_.try_emplace(row.where.cookie);
    Entry& entry = at->second;
    if (fresh) count(row.where);
    if (row.ended && !entry.row.ended) ++ended_;
    entry.row = std::move(row);
    entry.lost_ms_per_second = core::to_ms(entry.row.account.budget.lost() - entry.lost_before) / seconds;
  }
  updated_at_ = now;
  if (ended_ > kMostEnded) drop_cheapest_ended();
}

const stall::ConnectionEnd* ConnectionBoard::end_of(std::uint64_t cookie) const {
  const auto entry = entries_.find(cookie);
  return entry == entries_.end() ? nullptr : &entry->second.row.where;
}

/// The second end of a connection is not counted again. Addresses of the loopback interface may be in use in several namespaces
/// at once; then ends of different namespaces pair up, and the count is the same.
void ConnectionBoard::count(const stall::ConnectionEnd& where) {
  const auto other = lone_.find({where.remote, where.local});
  if (other == lone_.end()) {
    ++lone_[{where.local, where.remote}];
    ++seen_;
  } else if (--other->second == 0) {
    lone_.erase(other);
  }
}

std::size_t ConnectionBoard::connections_that_matter(const std::vector<Line>& lines) {
  std::set<std::tuple<std::string, core::Endpoint, core::Endpoint>> connections;
  for (const Line& line : lines) {
    const stall::ConnectionEnd& where = line.verdict.where;
    const auto [one, other] = std::minmax(where.local, where.remote);
    if (line.matters) connections.emplace(core::is_loopback(where.local) ? where.netns : "", one, other);
  }
  return connections.size();
}

void ConnectionBoard::drop_cheapest_ended() {
  std::vector<std::pair<core::Micros, std::uint64_t>> ended;
  for (const auto& [cookie, entry] : entries_) {
    if (entry.row.ended) ended.emplace_back(entry.row.account.budget.lost(), cookie);
  }
  // Down to half, so that this sort is rare.
  const auto surplus = static_cast<std::ptrdiff_t>(ended.size() - kMostEnded / 2);
  std::nth_element(ended.begin(), ended.begin() + surplus, ended.end());
  for (auto cheap = ended.begin(); cheap != ended.begin() + surplus; ++cheap) {
    const auto entry = entries_.find(cheap->second);
    const stall::ConnectionEnd& where = entry->second.row.where;
    if (const auto lone = lone_.find({where.local, where.remote}); lone != lone_.end() && --lone->second == 0) lone_.erase(lone);
    entries_.erase(entry);
  }
  ended_ -= static_cast<std::size_t>(surplus);
  forgotten_ += static_cast<std::size_t>(surplus);
}

std::vector<ConnectionBoard::Line> ConnectionBoard::lines(const stall::Threshold& threshold, Show show) const {
  std::vector<Line> lines;
  for (const auto& [cookie, entry] : entries_) {
    const stall::Account& account = entry.row.account;
    const bool matters = stall::matters(account, threshold);
    const bool anything = account.budget.lost().count() != 0 || account.late().writes != 0;
    if (!matters && (show == Show::what_matters || !anything)) continue;
    stall::ConnectionEnd where = entry.row.where;
    if (const auto other = owners_.find({where.remote, where.local}); other != owners_.end()) {
      for (const auto& [netns, process] : other->second) {
        // Two namespaces may use the same loopback addresses; a routed pair of addresses is one connection.
        const bool same_connection = netns == where.netns || !core::is_loopback(where.local);
        if (same_connection && process.pid != 0) where.peer = process;
      }
    }
    lines.push_back(
        {stall::conclude(std::move(where), account, confidence_), entry.lost_ms_per_second, entry.row.ended, matters});
  }
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    return std::tuple(a.lost_ms_per_second, a.verdict.lost, a.verdict.where.cookie) >
           std::tuple(b.lost_ms_per_second, b.verdict.lost, b.verdict.where.cookie);
  });
  return lines;
}

}  // namespace uncork::probe
