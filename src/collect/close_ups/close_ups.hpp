#pragma once
// Connections in trouble, looked at again and again between two polls.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "collect/close_ups/allowance.hpp"
#include "collect/close_ups/troubled.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "probe/look/close_up.hpp"
#include "probe/look/look.hpp"

namespace uncork::collect {

/// After each poll those of its connections that are in trouble are chosen; until the next one each has a row every `cadence`, as
/// far as `share` of a processor, which is measured, allows. One thread.
class CloseUps {
 public:
  static constexpr std::size_t kMostSockets = 64;

  CloseUps(core::Micros cadence, double share) : allowance_(cadence, share), troubled_(kMostSockets) {}

  /// Of the poll that has just been made. The rows of close-ups have its texts: they are good until the second look after it.
  void choose(const probe::Look& look);

  /// When run() is due; Time::max() while nothing is in trouble.
  [[nodiscard]] core::Time next() const;
  /// One round. Each row goes to `on_row`.
  [[nodiscard]] core::Status run(const std::function<void(record::Row&)>& on_row);

  /// Rows of all rounds.
  [[nodiscard]] std::uint64_t rows() const { return count_; }

 private:
  Allowance allowance_;
  Troubled troubled_;
  probe::CloseUp close_up_;
  std::vector<record::Row> chosen_;  // what lost most comes first
  std::vector<record::Row> found_;
  std::uint64_t count_ = 0;
};

}  // namespace uncork::collect
