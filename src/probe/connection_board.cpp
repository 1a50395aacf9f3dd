#include "probe/connection_board.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace uncork::probe {
namespace {

bool is_loopback(const core::Endpoint& endpoint) {
  if (endpoint.family == core::Endpoint::Family::v4) return endpoint.bytes[0] == 127;
  static constexpr std::array<std::uint8_t, 16> kOne = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return endpoint.bytes == kOne;
}

}  // namespace

bool ConnectionFilter::wants(const stall::ConnectionEnd& where) const {
  if (pid && where.process.pid != *pid) return false;
  if (port && where.local.port != *port && where.remote.port != *port) return false;
  return netns.empty() || where.netns == netns;
}

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
    if (known != entries_.end() && (row.where.process.pid == 0 || (row.ended && !filter_.wants(row.where)))) {
      row.where.process = known->second.row.where.process;
    }
    owners_[{row.where.local, row.where.remote}].emplace_back(row.where.netns, row.where.process);
    if (!filter_.wants(row.where)) continue;
    const auto [at, fresh] = entries_.try_emplace(row.where.cookie);
    Entry& entry = at->second;
    seen_ += fresh ? 1 : 0;
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

void ConnectionBoard::drop_cheapest_ended() {
  std::vector<std::pair<core::Micros, std::uint64_t>> ended;
  for (const auto& [cookie, entry] : entries_) {
    if (entry.row.ended) ended.emplace_back(entry.row.account.budget.lost(), cookie);
  }
  // Down to half, so that this sort is rare.
  const auto surplus = static_cast<std::ptrdiff_t>(ended.size() - kMostEnded / 2);
  std::nth_element(ended.begin(), ended.begin() + surplus, ended.end());
  for (auto cheap = ended.begin(); cheap != ended.begin() + surplus; ++cheap) entries_.erase(cheap->second);
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
        const bool same_connection = netns == where.netns || !is_loopback(where.local);
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
