#include "collect/metrics/service_series.hpp"

#include <string>

#include "stall/cause.hpp"

namespace uncork::collect {
namespace {

/// What found no room.
stall::ServiceKey other() { return {.command = "other", .role = stall::Role::unknown, .port = 0, .netns = {}}; }

/// Namespaces are left out: those of containers come and go, and each would be a series.
stall::ServiceKey without_namespace(stall::ServiceKey key) {
  key.netns.clear();
  return key;
}

bool lost_anything(const stall::Budget& budget) {
  for (const stall::Cause cause : stall::all_causes()) {
    if (stall::is_stall(cause) && budget[cause].count() != 0) return true;
  }
  return false;
}

}  // namespace

void ServiceSeries::add(std::span<const sink::ServiceGain> gains) {
  ++poll_;
  for (const sink::ServiceGain& gain : gains) {
    if (gain.by != sink::Grouping::service || !lost_anything(gain.gain.account.budget)) continue;
    add(gain.gain.others ? other() : without_namespace(gain.gain.key), gain.gain.account.budget);
  }
  forget();
}

void ServiceSeries::add(const stall::ServiceKey& key, const stall::Budget& budget) {
  // `other` has room for every cause, always.
  const bool has_room = entries_.contains(key) || series_ + stall::kStalls < most_;
  const stall::ServiceKey whose = has_room ? key : other();
  Entry& entry = entries_[whose];
  entry.poll = poll_;
  Entry& others = entries_[other()];
  for (const stall::Cause cause : stall::all_causes()) {
    if (!stall::is_stall(cause)) continue;
    const auto at = static_cast<std::size_t>(cause);
    const bool has_own = entry.by_cause.at(at).counter != nullptr || series_ + stall::kStalls < most_;
    if (budget[cause].count() != 0 && !has_own) others.poll = poll_;
    add(has_own ? entry.by_cause.at(at) : others.by_cause.at(at), budget[cause], has_own ? whose : other(), cause);
  }
}

void ServiceSeries::add(Lost& lost, core::Micros time, const stall::ServiceKey& key, stall::Cause cause) {
  lost.owed += time;
  if (lost.owed.count() <= 0) return;
  if (lost.counter == nullptr) {
    lost.counter = &family_.Add({{"command", key.command},
                                 {"role", std::string(stall::name(key.role))},
                                 {"port", std::to_string(key.port)},
                                 {"cause", std::string(stall::name(cause))}});
    ++series_;
  }
  lost.counter->Increment(static_cast<double>(lost.owed.count()) / 1e6);
  lost.owed = core::Micros(0);
}

void ServiceSeries::forget() {
  std::erase_if(entries_, [&](const auto& entry) {
    if (poll_ - entry.second.poll < kForgotten) return false;
    for (const Lost& lost : entry.second.by_cause) {
      if (lost.counter == nullptr) continue;
      family_.Remove(lost.counter);
      --series_;
    }
    return true;
  });
}

}  // namespace uncork::collect
