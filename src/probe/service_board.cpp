#include "probe/service_board.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/endpoint.hpp"

namespace uncork::probe {

using stall::Role;
using stall::Service;

void ServiceBoard::update(std::vector<Service> services, core::Time now) {
  before_.clear();
  for (const Service& service : services_)
    before_[{service.others, service.key}] = {service.account.budget.lost(), service.account.exchanges};
  services_ = std::move(services);
  seconds_ = std::max(static_cast<double>((now - updated_at_).count()) / 1e6, 1e-3);
  updated_at_ = now;
  by_port_.clear();
  for (std::size_t i = 0; i < services_.size(); ++i) {
    if (services_[i].key.port != 0) by_port_.emplace(std::pair(services_[i].key.port, services_[i].key.netns), i);
  }
  std::vector<stall::ServiceVerdict> verdicts;
  for (const Service& service : services_)
    verdicts.push_back(stall::conclude(service, confidence_, threshold_, peer_of(service)));
  stall::trace_ways(verdicts);
  lines_.clear();
  for (stall::ServiceVerdict& verdict : verdicts) {
    if (!shown_ || shown_(verdict)) lines_.push_back(line_of(std::move(verdict)));
  }
  std::ranges::sort(lines_, std::greater<>(), [](const Line& line) {
    const Service& service = line.verdict.service;
    return std::tuple(line.lost_ms_per_second, line.verdict.lost, service.account.exchanges, service.key.port,
                      std::string_view(service.key.command));
  });
}

/// The programs that have the same port in the other role: where the service's worst connection stays within the machine, they
/// are at its other end.
std::string ServiceBoard::peer_of(const Service& service) const {
  if (!service.worst) return "";
  const bool within = core::is_loopback(service.worst->remote) || service.worst->local.bytes == service.worst->remote.bytes;
  if (!within) return "";
  std::set<std::string> names;
  const auto [begin, end] = by_port_.equal_range({service.key.port, service.key.netns});
  for (auto at = begin; at != end; ++at) {
    const Service& other = services_[at->second];
    if (other.key.role != service.key.role && !other.key.command.empty()) names.insert(other.key.command);
  }
  constexpr std::size_t kMost = 3;
  if (names.empty() || names.size() > kMost) return "";
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::uint64_t ServiceBoard::connections() const {
  // Of a port that is served here, the connections within the machine are counted at the server too: the greater number has all.
  std::map<std::pair<std::uint16_t, std::string>, std::pair<std::uint64_t, std::uint64_t>> by_port;
  std::uint64_t sum = 0;
  for (const Line& line : lines_) {
    const Service& service = line.verdict.service;
    if (service.key.port == 0) {
      sum += service.connections;
      continue;
    }
    auto& [served, asked] = by_port[{service.key.port, service.key.netns}];
    (service.key.role == Role::responder ? served : asked) += service.connections;
  }
  for (const auto& [port, counts] : by_port) sum += std::max(counts.first, counts.second);
  return sum;
}

ServiceBoard::Line ServiceBoard::line_of(stall::ServiceVerdict verdict) const {
  Line line;
  const Service& service = verdict.service;
  if (const auto before = before_.find({service.others, service.key}); before != before_.end() || updated_at_ != core::Time{}) {
    const Before then = before == before_.end() ? Before{} : before->second;
    line.lost_ms_per_second = std::max(0.0, core::to_ms(service.account.budget.lost() - then.lost) / seconds_);
    line.exchanges_per_second =
        std::max(0.0, (static_cast<double>(service.account.exchanges) - static_cast<double>(then.exchanges)) / seconds_);
  }
  line.verdict = std::move(verdict);
  return line;
}

std::vector<ServiceBoard::Line> ServiceBoard::lines(Show show) const {
  if (show == Show::all) return lines_;
  std::vector<Line> lines;
  std::ranges::copy_if(lines_, std::back_inserter(lines), [](const Line& line) { return line.verdict.matters; });
  return lines;
}

std::vector<const Service*> ServiceBoard::all() const {
  std::vector<const Service*> all;
  for (const Service& service : services_) all.push_back(&service);
  std::ranges::sort(all, std::greater<>(), [](const Service* one) {
    return std::tuple(one->account.exchanges, one->key.port, std::string_view(one->key.command));
  });
  return all;
}

}  // namespace uncork::probe
