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

/// What a group gained. Smaller than a Service, of which there is one for those groups alone that have sums of their own.
struct Sum {
  const ConnectionRow* first = nullptr;
  stall::Account account;
  std::uint64_t connections = 0;
  std::uint64_t open = 0;
  std::uint64_t losers = 0;

  void add(const Gained& gained) {
    account += gained.account;
    connections += gained.fresh ? 1U : 0U;
    open += gained.open ? 1U : 0U;
    losers += gained.became_loser ? 1U : 0U;
  }
  void add(const Sum& more) {
    account += more.account;
    connections += more.connections;
    open += more.open;
    losers += more.losers;
  }
};

/// Nothing was said on it since, and nothing lost.
bool is_same(const stall::Account& now, const stall::Account& then) {
  return now.exchanges == then.exchanges && now.writes == then.writes && now.received_bytes == then.received_bytes &&
         now.budget.lost() == then.budget.lost();
}

stall::Service service_of(const Sum& sum) {
  stall::Service service;
  service.account = sum.account;
  service.times = stall::ExchangeTimes(sum.account.exchange_log2);
  service.connections = sum.connections;
  service.open = sum.open;
  service.losers = sum.losers;
  return service;
}

/// Groups of one kind.
class Groups {
 public:
  explicit Groups(Grouping by) : by_(by) {}

  /// `id` tells groups apart.
  [[nodiscard]] Sum& of(const std::string& id, const ConnectionRow& row) {
    Sum& sum = sums_[id];
    if (sum.first == nullptr) sum.first = &row;
    return sum;
  }

  /// One more is open, if the group is one of those that gained something.
  void count_open(const std::string& id) {
    if (const auto sum = sums_.find(id); sum != sums_.end()) ++sum->second.open;
  }

  /// `key_of` names a group by the first of its rows.
  template <typename KeyOf>
  void put(const KeyOf& key_of, std::vector<ServiceGain>& into) const {
    std::vector<const Sum*> all;
    for (const auto& [id, sum] : sums_) {
      if (sum.account.exchanges != 0 || sum.account.budget.lost().count() != 0) all.push_back(&sum);
    }
    const std::size_t shown = std::min(all.size(), GroupGains::kMostGroups);
    std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(shown), std::ranges::greater{}, [](const Sum* sum) {
      return std::tuple(sum->account.budget.lost(), sum->account.exchanges, sum->first->where.cookie);
    });
    for (std::size_t i = 0; i < shown; ++i) {
      stall::Service service = service_of(*all[i]);
      service.key = key_of(*all[i]->first);
      into.push_back({std::move(service), "", by_});
    }
    if (all.size() == shown) return;
    Sum rest;
    for (std::size_t i = shown; i < all.size(); ++i) rest.add(*all[i]);
    stall::Service others = service_of(rest);
    others.others = true;
    into.push_back({std::move(others), "", by_});
  }

 private:
  Grouping by_;
  std::unordered_map<std::string, Sum> sums_;
};

void put_process_id(const ConnectionRow& row, bool lasts, std::string& into) {
  into = row.where.process.command;
  if (!lasts) return;
  into.push_back('\0');
  into.append(reinterpret_cast<const char*>(&row.where.process.pid), sizeof row.where.process.pid);
}

void put_peer_id(const ConnectionRow& row, std::string& into) {
  const core::Endpoint& peer = row.where.remote;
  into.assign(reinterpret_cast<const char*>(peer.bytes.data()), peer.bytes.size());
  into.push_back(static_cast<char>(peer.family));
  into.append(row.where.netns);
}

std::string name_of_process(const ConnectionRow& row, const std::string& number) {
  const stall::Process& process = row.where.process;
  if (process.pid == 0 && process.command.empty()) return "?";
  return process.command + "[" + number + "]";
}

stall::ServiceKey named(std::string name, std::string netns) {
  stall::ServiceKey key;
  key.command = std::move(name);
  key.netns = std::move(netns);
  return key;
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
  std::vector<const ConnectionRow*> idle;
  std::string id;
  for (const ConnectionRow& row : rows) {
    const auto [at, fresh] = open_.try_emplace(row.where.cookie);
    Before& before = at->second;
    before.poll = poll_;
    if (!fresh && is_same(row.account, before.account)) {  // most are idle; what is left out comes with the next gain
      if (row.ended) {
        open_.erase(at);
      } else {
        idle.push_back(&row);
      }
      continue;
    }
    const bool loser = stall::matters(row.account, {});
    Gained gained{row.account, fresh, !row.ended, loser && !before.loser};
    if (!fresh) gained.account -= before.account;
    put_process_id(row, lasting.contains(row.where.process.pid), id);
    processes.of(id, row).add(gained);
    put_peer_id(row, id);
    peers.of(id, row).add(gained);
    if (row.ended) {
      open_.erase(at);
    } else {
      before.account = row.account;
      before.loser = loser;
    }
  }
  for (const ConnectionRow* const row : idle) {
    put_process_id(*row, lasting.contains(row->where.process.pid), id);
    processes.count_open(id);
    put_peer_id(*row, id);
    peers.count_open(id);
  }
  // Those that are not told of any more have ended and lost nothing.
  std::erase_if(open_, [this](const auto& entry) { return entry.second.poll != poll_; });
  std::vector<ServiceGain> gains;
  const auto process_key = [&](const ConnectionRow& row) {
    const bool lasts = lasting.contains(row.where.process.pid);
    return named(lasts ? process_group_of(row) : name_of_process(row, "*"), "");
  };
  processes.put(process_key, gains);
  peers.put([](const ConnectionRow& row) { return named(peer_group_of(row), row.where.netns); }, gains);
  return gains;
}

}  // namespace uncork::collect
