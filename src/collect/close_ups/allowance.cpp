#include "collect/close_ups/allowance.hpp"

#include <algorithm>

namespace uncork::collect {

std::size_t Allowance::affordable(std::size_t wanted) const {
  const double most = share_ * static_cast<double>(cadence_.count()) / socket_us_;
  if (most >= static_cast<double>(wanted)) return wanted;
  return std::max<std::size_t>(1, static_cast<std::size_t>(most));
}

// What it costs changes with what else the machine does: half of it is what the last round cost.
void Allowance::spent(core::Time begun, core::Micros cpu, std::size_t sockets) {
  constexpr double kLeast = 0.1;
  const auto cost = static_cast<double>(cpu.count());
  if (sockets > 0) socket_us_ = std::max(kLeast, (socket_us_ + cost / static_cast<double>(sockets)) / 2);
  const core::Micros paid(static_cast<std::int64_t>(cost / share_));
  next_ = begun + std::max(cadence_, paid);
}

}  // namespace uncork::collect
