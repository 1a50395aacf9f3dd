#include "collect/schedule.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace uncork::collect {

Schedule::Schedule(core::Micros interval, double jitter, core::Time begin, std::uint64_t seed)
    : interval_(interval), jitter_(jitter), random_(seed), next_(begin) {
  UNCORK_ASSERT(interval.count() > 0);
}

core::Time Schedule::next() const {
  return std::min({next_, burst_ ? burst_->next : core::Time::max(), triggered_.value_or(core::Time::max())});
}

core::Micros Schedule::drawn() {
  const double share = jitter_ * std::uniform_real_distribution<double>(0, 1)(random_);
  const auto less = static_cast<std::int64_t>(share * static_cast<double>(interval_.count()));
  return std::max(interval_ - core::Micros(less), core::Micros(1));
}

void Schedule::begin(core::Time now) {
  if (triggered_ && now >= *triggered_) triggered_.reset();
  if (burst_ && now >= burst_->next) {
    burst_->next = now + burst_->apart;
    if (--burst_->left == 0) burst_.reset();
  }
  if (now < next_) return;
  const auto late = static_cast<std::uint64_t>((now - next_) / interval_);
  missed_ += late;
  next_ += drawn();
  if (next_ <= now) next_ = now + drawn();
}

void Schedule::change(core::Micros interval, double jitter) {
  UNCORK_ASSERT(interval.count() > 0);
  if (interval < interval_) next_ -= interval_ - interval;
  interval_ = interval;
  jitter_ = jitter;
}

void Schedule::burst(core::Time now, std::uint32_t count, core::Micros apart) {
  if (count == 0) return;
  burst_ = Burst{now, count, apart};
}

}  // namespace uncork::collect
