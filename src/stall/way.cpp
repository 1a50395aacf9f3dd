#include "stall/way.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/endpoint.hpp"
#include "stall/service.hpp"

namespace uncork::stall {
namespace {

constexpr std::size_t kMostHops = 8;
constexpr std::size_t kMostNames = 3;

std::int32_t number_of(const Worker& worker) { return worker.host_pid != 0 ? worker.host_pid : worker.pid; }

bool stays_within(const Example& example) {
  return core::is_loopback(example.remote) || core::unmapped(example.local).bytes == core::unmapped(example.remote).bytes;
}

/// Whether what `asker` asks, `server` answers.
bool meet(const Service& asker, const Service& server) {
  if (!asker.worst) return false;
  if (asker.key.netns == server.key.netns) return stays_within(*asker.worst);
  return server.worst && !core::is_loopback(asker.worst->remote) &&
         core::unmapped(asker.worst->remote) == core::unmapped(server.worst->local);
}

bool holds_here(const ServiceVerdict& verdict) { return verdict.matters && verdict.fault == Fault::here; }
bool other_end_holds(const ServiceVerdict& verdict) { return verdict.matters && verdict.fault == Fault::peer; }

bool share_a_worker(const Service& one, const Service& other) {
  return std::ranges::any_of(one.workers, [&](const Worker& worker) {
    const auto is_same = [&](const Worker& its) { return number_of(its) == number_of(worker); };
    return std::ranges::any_of(other.workers, is_same);
  });
}

/// Places of services in the list that is traced.
using Places = std::vector<std::size_t>;

class Tracer {
 public:
  explicit Tracer(std::span<const ServiceVerdict> all) : all_(all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!is_traced(i)) continue;
      (is_server(i) ? servers_ : askers_).emplace(service(i).key.port, i);
      for (const Worker& worker : service(i).workers) of_worker_[number_of(worker)].push_back(i);
    }
    for (const auto& [port, server] : servers_) {
      const auto asker = find_asking_side(server);
      if (!asker) continue;
      asking_.emplace(server, *asker);
      const auto serving = serving_.find(*asker);
      if (serving == serving_.end() || exchanges(serving->second) < exchanges(server)) serving_[*asker] = server;
    }
  }

  struct Traced {
    Way way;
    std::string waits_for;
  };
  [[nodiscard]] Traced trace(std::size_t at) const {
    if (!is_traced(at)) return {};
    const auto asked = is_server(at) ? at : server_of(at);
    const auto serving = asked ? asked : side(serving_, at);
    if (!serving) return {};
    const Places servers = servers_along(*serving);
    Traced traced{hops_of(servers), ""};
    if (asked && !all_[at].matters) {
      const auto own = std::ranges::find(servers, *asked) - servers.begin();
      const auto behind = traced.way.begin() + own + (is_server(at) ? 2 : 1);
      const auto holder = std::find_if(behind, traced.way.end(), [](const Hop& hop) { return hop.holds; });
      if (holder != traced.way.end()) traced.waits_for = holder->command;
    }
    if (traced.way.size() < 3) traced.way.clear();
    return traced;
  }

 private:
  [[nodiscard]] const Service& service(std::size_t at) const { return all_[at].service; }
  [[nodiscard]] bool is_server(std::size_t at) const { return service(at).key.role == Role::responder; }
  [[nodiscard]] bool is_traced(std::size_t at) const {
    const Service& one = service(at);
    return !one.others && one.key.port != 0 && one.key.role != Role::unknown;
  }
  [[nodiscard]] std::uint64_t exchanges(std::size_t at) const { return service(at).account.exchanges; }

  /// What holds before what does not, then the one with the most exchanges.
  [[nodiscard]] std::optional<std::size_t> foremost(const Places& of) const {
    const auto rank = [&](std::size_t at) { return std::pair(holds_here(all_[at]), exchanges(at)); };
    const auto most = std::ranges::max_element(of, {}, rank);
    return most == of.end() ? std::nullopt : std::optional(*most);
  }

  [[nodiscard]] std::optional<std::size_t> server_of(std::size_t asker) const {
    Places found;
    const auto [begin, end] = servers_.equal_range(service(asker).key.port);
    for (auto at = begin; at != end; ++at) {
      if (meet(service(asker), service(at->second))) found.push_back(at->second);
    }
    return foremost(found);
  }
  [[nodiscard]] Places askers_of(std::size_t server) const {
    Places found;
    const auto [begin, end] = askers_.equal_range(service(server).key.port);
    for (auto at = begin; at != end; ++at) {
      if (meet(service(at->second), service(server))) found.push_back(at->second);
    }
    return found;
  }

  using Sides = std::map<std::size_t, std::size_t>;
  static std::optional<std::size_t> side(const Sides& of, std::size_t at) {
    const auto found = of.find(at);
    return found == of.end() ? std::nullopt : std::optional(found->second);
  }
  /// What the processes of a server ask in order to serve.
  [[nodiscard]] std::optional<std::size_t> find_asking_side(std::size_t server) const {
    std::set<std::size_t> found;
    for (const Worker& worker : service(server).workers) {
      for (const std::size_t other : of_worker_.at(number_of(worker))) {
        if (is_server(other) || 2 * exchanges(other) < exchanges(server)) continue;
        const auto asked = server_of(other);
        // Two ends of one process, as tests have them, are no relay.
        if (!asked || !share_a_worker(service(*asked), service(server))) found.insert(other);
      }
    }
    return foremost({found.begin(), found.end()});
  }

  /// The serving sides of the programs on the way through `server`, the client's next first.
  [[nodiscard]] Places servers_along(std::size_t server) const {
    Places way = {server};
    const auto is_new = [&way](const std::optional<std::size_t>& at) {
      return at && way.size() < kMostHops && std::ranges::find(way, *at) == way.end();
    };
    for (;;) {
      const auto asker = side(asking_, way.back());
      const auto next = asker ? server_of(*asker) : std::nullopt;
      if (!is_new(next)) break;
      way.push_back(*next);
    }
    for (;;) {
      const auto asker = foremost(askers_of(way.front()));
      const auto before = asker ? side(serving_, *asker) : std::nullopt;
      if (!is_new(before)) break;
      way.insert(way.begin(), *before);
    }
    return way;
  }

  [[nodiscard]] Way hops_of(const Places& servers) const {
    const Places clients = askers_of(servers.front());
    Way way = {hop_of(clients)};
    Places askers = clients;  // of what comes next
    for (const std::size_t server : servers) {
      way.back().holds |= other_end_holds(all_[server]);
      Hop hop = hop_of({server});
      for (const std::size_t asker : askers) hop.holds |= other_end_holds(all_[asker]);
      askers.clear();
      if (const auto asking = side(asking_, server)) {
        askers.push_back(*asking);
        hop.holds |= holds_here(all_[*asking]);
      }
      way.push_back(std::move(hop));
    }
    return way;
  }
  /// Of one program, or of several that ask the same.
  [[nodiscard]] Hop hop_of(const Places& services) const {
    Hop hop;
    std::set<std::string> names;
    for (const std::size_t one : services) {
      names.insert(service(one).key.command);
      hop.holds |= holds_here(all_[one]);
    }
    if (services.size() == 1 && service(services.front()).workers.size() == 1)
      hop.pid = service(services.front()).workers.front().pid;
    std::size_t told = 0;
    for (const std::string& name : names) {
      if (told++ < kMostNames) hop.command += (hop.command.empty() ? "" : ", ") + name;
    }
    if (names.size() > kMostNames) hop.command += ", ...";
    return hop;
  }

  std::span<const ServiceVerdict> all_;
  std::multimap<std::uint16_t, std::size_t> servers_;  // by port
  std::multimap<std::uint16_t, std::size_t> askers_;
  std::map<std::int32_t, Places> of_worker_;
  Sides asking_;   // of a server
  Sides serving_;  // of an asker
};

std::string to_string(const Hop& hop) {
  const std::string name = hop.command.empty() ? "?" : hop.command;
  return hop.pid == 0 ? name : fmt::format("{}[{}]", name, hop.pid);
}

}  // namespace

void trace_ways(std::span<ServiceVerdict> services) {
  if (std::ranges::none_of(services, &ServiceVerdict::matters)) return;
  const Tracer tracer(services);
  for (std::size_t i = 0; i < services.size(); ++i) {
    Tracer::Traced traced = tracer.trace(i);
    services[i].way = std::move(traced.way);
    services[i].waits_for = std::move(traced.waits_for);
  }
}

std::string to_string(const Way& way) {
  std::string text;
  std::string holders;
  std::size_t held = 0;
  for (const Hop& hop : way) {
    text += (text.empty() ? "" : " -> ") + to_string(hop);
    if (!hop.holds) continue;
    holders += (holders.empty() ? "" : " and ") + to_string(hop);
    ++held;
  }
  if (held == 0) return text;
  return text + "; " + holders + (held == 1 ? " holds" : " hold: end each, since to end one may show nothing");
}

}  // namespace uncork::stall
