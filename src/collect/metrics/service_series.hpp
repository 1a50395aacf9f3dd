#pragma once
// Seconds lost by service and cause, in a bounded number of series.

#include <prometheus/counter.h>
#include <prometheus/family.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include "sink/store/store.hpp"
#include "stall/service.hpp"

namespace uncork::collect {

/// A series for each service and cause that lost time, without addresses. When `most` are there, what comes later is added to
/// the service `other`; a service that loses nothing for an hour's worth of polls gives its series back. One thread.
class ServiceSeries {
 public:
  static constexpr std::size_t kMost = 96;          ///< series
  static constexpr std::uint64_t kForgotten = 360;  ///< polls without a loss

  explicit ServiceSeries(prometheus::Family<prometheus::Counter>& family, std::size_t most = kMost)
      : family_(family), most_(most) {}

  void add(std::span<const sink::ServiceGain> gains);

  [[nodiscard]] std::size_t size() const { return series_; }

 private:
  struct Lost {
    prometheus::Counter* counter = nullptr;  // of the family; null: nothing was lost by this cause yet
    core::Micros owed{0};                    // taken back by a ledger, and not made up for yet: a counter only grows
  };
  struct Entry {
    std::array<Lost, stall::kStalls> by_cause{};
    std::uint64_t poll = 0;  // of the last loss
  };

  void add(const stall::ServiceKey& key, const stall::Budget& budget);
  void add(Lost& lost, core::Micros time, const stall::ServiceKey& key, stall::Cause cause);
  void forget();

  prometheus::Family<prometheus::Counter>& family_;
  std::size_t most_;
  std::size_t series_ = 0;
  std::uint64_t poll_ = 0;
  std::map<stall::ServiceKey, Entry> entries_;
};

}  // namespace uncork::collect
