#include "check/services.hpp"

#include <algorithm>
#include <utility>

namespace uncork::check {
namespace {

using EndPair = std::pair<core::Endpoint, core::Endpoint>;

}  // namespace

void Services::update(std::vector<probe::ConnectionRow> rows, const Listeners& listeners) {
  ++polls_;
  std::erase_if(rows, [&](const probe::ConnectionRow& row) { return row.where.netns != netns_; });
  std::map<EndPair, stall::Process> owners;
  for (probe::ConnectionRow& row : rows) {
    const auto known = open_.find(row.where.cookie);
    // The last row of a socket may come when its process is gone.
    if (known != open_.end() && row.where.process.pid == 0) row.where.process = known->second.row.where.process;
    row.where.process.command = names_.name_of(row.where.process);
    if (row.where.process.pid != 0) owners[{row.where.local, row.where.remote}] = row.where.process;
  }
  for (probe::ConnectionRow& row : rows) {
    const auto [at, fresh] = open_.try_emplace(row.where.cookie);
    Open& open = at->second;
    const auto other = owners.find({row.where.remote, row.where.local});
    row.where.peer = other == owners.end() ? open.row.where.peer : other->second;
    const Role role = listeners.role_of(row.where.local, row.where.remote);
    open.key = {row.where.process.command, role, (role == Role::server ? row.where.local : row.where.remote).port};
    open.seen_in = polls_;
    if (fresh && row.where.local.family == core::Endpoint::Family::v6) ++ipv6_ends_;
    open.row = std::move(row);
    if (!open.row.ended) continue;
    add(ended_, open.key, open.row);
    open_.erase(at);
  }
  if (open_.size() > kMostVanished) fold_vanished();
}

/// Where a sum is kept that may have no place of its own.
ServiceKey Services::place_of(const Sums& sums, const ServiceKey& key) {
  if (sums.contains(key)) return key;
  ServiceKey many{key.program, key.role, 0};
  if (sums.contains(many)) return many;
  ServiceKey others{"others", key.role, 0};
  return sums.size() < kMostServices ? key : others;
}

void Services::add(Sums& sums, const ServiceKey& key, const probe::ConnectionRow& row) {
  const ServiceKey place = place_of(sums, key);
  Sum& sum = sums[place];
  ++sum.connections;
  sum.account += row.account;
  if (const core::Micros lost = row.account.budget.lost(); lost > sum.worst_lost) {
    sum.worst = row.where;
    sum.worst_lost = lost;
  }
  if (place.port == 0) return;
  // Ports of one program in one role lie side by side in the map.
  const auto first = sums.lower_bound({place.program, place.role, 0});
  const auto last = sums.upper_bound({place.program, place.role, 65'535});
  if (static_cast<std::size_t>(std::distance(first, last)) <= kMostPorts) return;
  Sum all;
  for (auto one = first; one != last; ++one) {
    all.connections += one->second.connections;
    all.account += one->second.account;
    if (one->second.worst_lost > all.worst_lost)
      std::tie(all.worst, all.worst_lost) = std::tie(one->second.worst, one->second.worst_lost);
  }
  sums.erase(first, last);
  sums.emplace(ServiceKey{place.program, place.role, 0}, std::move(all));
}

void Services::fold_vanished() {
  for (auto open = open_.begin(); open != open_.end();) {
    if (open->second.seen_in == polls_) {
      ++open;
      continue;
    }
    add(ended_, open->second.key, open->second.row);
    open = open_.erase(open);
  }
}

std::vector<Service> Services::all() const {
  Sums sums = ended_;
  for (const auto& [cookie, open] : open_) add(sums, open.key, open.row);
  std::vector<Service> services;
  for (auto& [key, sum] : sums) services.push_back({key, sum.connections, sum.account, std::move(sum.worst)});
  return services;
}

std::string name_of(const ServiceKey& key) {
  const std::string where = key.port == 0 ? "many ports" : "port " + std::to_string(key.port);
  return std::string(key.role == Role::server ? "server " : "client ") + key.program + ", " + where;
}

}  // namespace uncork::check
