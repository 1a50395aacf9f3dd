#include "collect/group_gains.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "core/endpoint.hpp"
#include "stall/verdict.hpp"

namespace uncork::collect {
namespace {

using probe::ConnectionRow;
using sink::Grouping;
using sink::ServiceGain;

/// What one connection gained.
struct Gained {
  stall::Account account;
  bool fresh = false;
  bool open = false;
  bool became_loser = false;
};

void add(stall::Service& group, const Gained& gained) {
  group.account += gained.account;
  if (gained.fresh) ++group.connections;
  if (gained.open) ++group.open;
  if (gained.became_loser) ++group.losers;
}

void add(stall::Service& group, const stall::Service& more) {
  group.account += more.account;
  group.connections += more.connections;
  group.open += more.open;
  group.losers += more.losers;
}

/// Groups of one kind.
class Groups {
 public:
  explicit Groups(Grouping by) : by_(by) {}

  void take(const std::string& name, const std::string& netns, const Gained& gained) {
    stall::Service& group = groups_[name + '\0' + netns];
    group.key.command = name;
    group.key.netns = netns;
    add(group, gained);
  }

  void put(std::vector<ServiceGain>& into) {
    std::vector<stall::Service> all;
    for (auto& [name, group] : groups_) {
      if (group.account.exchanges != 0 || group.account.budget.lost().count() != 0) all.push_back(std::move(group));
    }
    std::ranges::sort(all, std::ranges::greater{}, [](const stall::Service& group) {
      return std::tuple(group.account.budget.lost(), group.account.exchanges, group.key.command);
    });
    if (all.size() > GroupGains::kMostGroups) {
      stall::Service others;
      others.others = true;
      for (std::size_t i = GroupGains::kMostGroups; i < all.size(); ++i) add(others, all[i]);
      all.resize(GroupGains::kMostGroups);
      all.push_back(std::move(others));
    }
    for (stall::Service& group : all) {
      group.times = stall::ExchangeTimes(group.account.exchange_log2);
      into.push_back({std::move(group), "", by_});
    }
  }

 private:
  Grouping by_;
  std::unordered_map<std::string, stall::Service> groups_;
};

std::string name_of_process(const ConnectionRow& row, const std::string& number) {
  const stall::Process& process = row.where.process;
  if (process.pid == 0 && process.command.empty()) return "?";
  return process.command + "[" + number + "]";
}

}  // namespace

std::string process_group_of(const ConnectionRow& row) { return name_of_process(row, std::to_string(row.where.process.pid)); }

std::string peer_group_of(const ConnectionRow& row) {
  const std::string text = core::to_string(row.where.remote);
  return text.substr(0, text.rfind(':'));
}

std::vector<ServiceGain> GroupGains::of(std::span<const ConnectionRow> rows) {
  ++poll_;
  std::unordered_set<std::int32_t> lasting;  // processes with a connection that outlived a poll
  for (const ConnectionRow& row : rows) {
    if (!row.ended || open_.contains(row.where.cookie)) lasting.insert(row.where.process.pid);
  }
  Groups processes(Grouping::process);
  Groups peers(Grouping::peer);
  for (const ConnectionRow& row : rows) {
    const auto [at, fresh] = open_.try_emplace(row.where.cookie);
    Before& before = at->second;
    const bool loser = stall::matters(row.account, {});
    Gained gained{row.account, fresh, !row.ended, loser && !before.loser};
    gained.account -= before.account;
    const bool lasts = lasting.contains(row.where.process.pid);
    processes.take(lasts ? process_group_of(row) : name_of_process(row, "*"), "", gained);
    peers.take(peer_group_of(row), row.where.netns, gained);
    if (row.ended) {
      open_.erase(at);
    } else {
      before = {row.account, loser, poll_};
    }
  }
  // Those that are not told of any more have ended and lost nothing.
  std::erase_if(open_, [this](const auto& entry) { return entry.second.poll != poll_; });
  std::vector<ServiceGain> gains;
  processes.put(gains);
  peers.put(gains);
  return gains;
}

}  // namespace uncork::collect
