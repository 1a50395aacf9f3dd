#include "zino/server/login_limiter.hpp"

#include <chrono>
#include <iterator>

namespace uncork::zino {
namespace {

constexpr core::Micros kWindow = std::chrono::minutes(1);

void forget(std::deque<core::Time>& times, core::Time now) {
  while (!times.empty() && now - times.front() >= kWindow) times.pop_front();
}

}  // namespace

bool LoginLimiter::allowed(const std::string& address, core::Time now) {
  const auto found = recent_.find(address);
  if (found == recent_.end()) return true;
  forget(found->second, now);
  return found->second.size() < failures_;
}

void LoginLimiter::sweep(core::Time now) {
  for (auto entry = recent_.begin(); entry != recent_.end();) {
    forget(entry->second, now);
    entry = entry->second.empty() ? recent_.erase(entry) : std::next(entry);
  }
}

}  // namespace uncork::zino
