#include "collect/observer.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/syscall.hpp"
#include "probe/enrich/container_id.hpp"

namespace uncork::collect {
namespace {

constexpr std::size_t kServices = 1024;

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin) words.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

probe::UseBpf bpf_of(const std::string& word) {
  if (word == "yes") return probe::UseBpf::yes;
  return word == "no" ? probe::UseBpf::no : probe::UseBpf::automatic;
}

/// Of the process that lost most; empty: it is in none, or has ended.
std::string container_of(const stall::Service& service, probe::ContainerNamer& namer) {
  if (service.workers.empty() || service.workers.front().pid == 0) return "";
  const auto text = core::read_file("/proc/" + std::to_string(service.workers.front().pid) + "/cgroup");
  return text ? namer.name_of(probe::container_in_cgroup(*text).id) : "";
}

}  // namespace

core::Result<std::unique_ptr<Observer>> Observer::open(const Settings& settings) {
  std::unique_ptr<Observer> observer(new Observer);
  probe::LookOptions look;
  look.namespaces = probe::namespaces_called(split(settings.netns));
  look.bpf = bpf_of(settings.bpf);
  look.close_events = true;
  probe::EnrichmentOptions enrichment;
  enrichment.enrich.names.docker_socket = settings.docker;
  enrichment.enrich.uplinks = !settings.lldpd.empty();
  enrichment.enrich.lldpd_socket = settings.lldpd;
  enrichment.ledgers = true;
  enrichment.bpf = look.bpf;
  enrichment.services = kServices;
  enrichment.tell = {.open = true, .ended = true, .quiet = false};  // the sums by peer and process are made of these
  auto enriched = probe::Enrichment::open(std::move(enrichment), look);
  if (!enriched) return core::fail(enriched.error());
  observer->enrichment_ = std::move(*enriched);
  observer->since_ = core::MonotonicClock::now();
  auto looker = probe::Looker::open(look);
  if (!looker) return core::fail(looker.error());
  observer->looker_ = std::move(*looker);
  return observer;
}

core::Result<probe::Look*> Observer::look() {
  const auto made = looker_->look(look_);
  if (!made) return core::fail(made.error());
  enrichment_->apply(look_);
  return &look_;
}

core::Result<std::vector<sink::ServiceGain>> Observer::gains() {
  std::vector<sink::ServiceGain> gains;
  probe::Witness* const witness = enrichment_->witness();
  if (witness == nullptr) return gains;
  const auto connections = witness->poll();
  if (!connections) return core::fail(connections.error());
  const auto services = witness->services();
  if (!services) return core::fail(services.error());
  for (const stall::Service& service : *services) {
    sink::ServiceGain gain{increments_.of(service), ""};
    if (gain.gain.account.exchanges == 0 && gain.gain.account.budget.lost().count() == 0) continue;
    gain.container = container_of(service, namer_);
    gains.push_back(std::move(gain));
  }
  increments_.end_poll();
  for (sink::ServiceGain& gain : groups_.of(*connections)) gains.push_back(std::move(gain));
  return gains;
}

core::Status Observer::wait(core::Time until) {
  const auto waited = looker_->wait(until);
  return waited ? core::Status{} : core::fail(waited.error());
}

}  // namespace uncork::collect
