#include "sink/store/increments.hpp"

namespace uncork::sink {
namespace {

/// What is kept of `service`, as it stands.
stall::Service kept(const stall::Service& service) {
  stall::Service kept;
  kept.key = service.key;
  kept.others = service.others;
  kept.account = service.account;
  kept.times = service.times;
  kept.connections = service.connections;
  kept.open = service.open;
  kept.losers = service.losers;
  return kept;
}

std::uint64_t growth(std::uint64_t now, std::uint64_t then) { return now > then ? now - then : 0; }

}  // namespace

stall::Service Increments::of(const stall::Service& now) {
  stall::Service increments = kept(now);
  const auto [at, is_new] = before_.try_emplace({now.others, now.key}, Before{increments});
  if (is_new) return increments;
  const stall::Service& then = at->second.service;
  const bool anew = now.account.exchanges < then.account.exchanges || now.account.writes < then.account.writes ||
                    now.connections < then.connections;
  if (!anew) {
    increments.account -= then.account;
    increments.times -= then.times;
    increments.connections = growth(now.connections, then.connections);
    increments.losers = growth(now.losers, then.losers);
  }
  at->second = Before{kept(now)};
  return increments;
}

void Increments::end_poll() {
  std::erase_if(before_, [](const auto& entry) { return !entry.second.seen; });
  for (auto& [key, before] : before_) before.seen = false;
}

}  // namespace uncork::sink
