#include "probe/connection_groups.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace uncork::probe {
namespace {

stall::Worker& worker_of(stall::Service& service, const ConnectionRow& row) {
  const std::int32_t pid = row.where.process.pid;
  const std::int32_t host_pid = row.host_pid != 0 ? row.host_pid : pid;
  const auto known = std::ranges::find_if(
      service.workers, [&](const stall::Worker& worker) { return worker.pid == pid && worker.host_pid == host_pid; });
  if (known != service.workers.end()) return *known;
  service.workers.push_back({pid, host_pid, 0, core::Micros(0), true});
  return service.workers.back();
}

void add(std::uint64_t& sum, bool now, bool before) {
  if (now && !before) ++sum;
  if (before && !now) --sum;
}

}  // namespace

stall::ServiceKey service_key_of(const ConnectionRow& row) {
  const bool serves = row.role == stall::Role::responder;
  return {row.where.process.command, row.role, serves ? row.where.local.port : row.where.remote.port, row.where.netns};
}

ConnectionGroups::Member& ConnectionGroups::member_of(const ConnectionRow& row) {
  const auto [at, fresh] = members_.try_emplace(row.where.cookie);
  if (fresh) {
    const stall::ServiceKey key = key_of_(row);
    stall::Service& group = groups_[key];
    group.key = key;
    ++group.connections;
    ++group.open;
    if (row.where.process.pid != 0 || row.host_pid != 0) ++worker_of(group, row).connections;
    at->second.group = &group;
  }
  return at->second;
}

void ConnectionGroups::take(Member& member, const ConnectionRow& row) const {
  stall::Service& group = *member.group;
  const core::Micros lost = row.account.budget.lost();
  const bool loser = stall::matters(row.account, threshold_);
  const bool nodelay = row.where.nodelay.value_or(false);
  add(group.losers, loser, member.loser);
  if (member.loser) --group.losers_by.at(static_cast<std::size_t>(member.account.budget.worst()));
  if (loser) ++group.losers_by.at(static_cast<std::size_t>(row.account.budget.worst()));
  add(group.nodelay, nodelay, member.nodelay);
  if (row.where.process.pid != 0 || row.host_pid != 0) worker_of(group, row).lost += lost - member.account.budget.lost();
  group.account += row.account;
  group.account -= member.account;
  if (!group.worst || group.worst->lost < lost) group.worst = stall::Example{row.where.local, row.where.remote, lost};
  member.account = row.account;
  member.loser = loser;
  member.nodelay = nodelay;
}

void ConnectionGroups::update(const std::vector<ConnectionRow>& rows) {
  for (const ConnectionRow& row : rows) {
    if (wanted_ && !members_.contains(row.where.cookie) && !wanted_(row)) continue;
    Member& member = member_of(row);
    take(member, row);
    if (!row.ended) continue;
    --member.group->open;
    members_.erase(row.where.cookie);
  }
}

std::vector<stall::Service> ConnectionGroups::services() const {
  std::vector<stall::Service> services;
  for (const auto& [key, group] : groups_) {
    services.push_back(group);
    services.back().times = stall::ExchangeTimes(group.account.exchange_log2);
    std::ranges::sort(services.back().workers, [](const stall::Worker& a, const stall::Worker& b) {
      return std::tuple(-a.lost.count(), a.host_pid) < std::tuple(-b.lost.count(), b.host_pid);
    });
  }
  return services;
}

}  // namespace uncork::probe
