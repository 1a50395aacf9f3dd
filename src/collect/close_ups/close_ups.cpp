#include "collect/close_ups/close_ups.hpp"

#include <span>

#include "core/own_cost.hpp"

namespace uncork::collect {

void CloseUps::choose(const probe::Look& look) {
  chosen_ = troubled_.of(look);
  close_up_.keep_only(chosen_);
}

core::Time CloseUps::next() const { return chosen_.empty() ? core::Time::max() : allowance_.next(); }

core::Status CloseUps::run(const std::function<void(record::Row&)>& on_row) {
  const core::Time begun = core::MonotonicClock::now();
  const core::Micros before = core::thread_cpu();
  const std::span<const record::Row> wanted = std::span(chosen_).first(allowance_.affordable(chosen_.size()));
  found_.clear();
  const core::Status looked = close_up_.look(wanted, found_);
  for (record::Row& row : found_) on_row(row);
  count_ += found_.size();
  allowance_.spent(begun, core::thread_cpu() - before, wanted.size());
  return looked;
}

}  // namespace uncork::collect
