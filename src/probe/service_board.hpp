#pragma once
// The sums by service as they grow: rates, verdicts, who is at the other end.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "stall/service.hpp"

namespace uncork::probe {

/// Fed the sums now and then, whole each time; answers with verdicts. Sans-I/O, not thread-safe.
class ServiceBoard {
 public:
  struct Line {
    stall::ServiceVerdict verdict;
    double lost_ms_per_second = 0;  ///< between the last two updates; likewise the next
    double exchanges_per_second = 0;
  };
  enum class Show : bool { what_matters, all };

  /// Whether a service is shown, by its sums as they stand; empty: every one is.
  using Shown = std::function<bool(const stall::ServiceVerdict&)>;

  ServiceBoard(stall::Confidence confidence, const stall::Threshold& threshold, Shown shown = {})
      : confidence_(confidence), threshold_(threshold), shown_(std::move(shown)) {}

  void update(std::vector<stall::Service> services, core::Time now);

  /// Services that are shown and lost what matters, or all that are shown: the fastest loser first, then by what they lost, then
  /// by exchanges.
  [[nodiscard]] std::vector<Line> lines(Show show) const;
  /// How many are shown.
  [[nodiscard]] std::size_t size() const { return lines_.size(); }
  /// Of those: each connection once, where both of its ends are services here.
  [[nodiscard]] std::uint64_t connections() const;
  /// Every service, those too that are not shown; the one with most exchanges first. Valid until the next update.
  [[nodiscard]] std::vector<const stall::Service*> all() const;

 private:
  struct Before {
    core::Micros lost{0};
    std::uint64_t exchanges = 0;
  };
  using Identity = std::pair<bool, stall::ServiceKey>;  // whether it is the others
  [[nodiscard]] std::string peer_of(const stall::Service& service) const;
  [[nodiscard]] Line line_of(stall::ServiceVerdict verdict) const;

  stall::Confidence confidence_;
  stall::Threshold threshold_;
  Shown shown_;
  std::vector<stall::Service> services_;
  std::vector<Line> lines_;  // of those that are shown, in order
  std::map<Identity, Before> before_;
  std::multimap<std::pair<std::uint16_t, std::string>, std::size_t> by_port_;  // (port, namespace) -> services_
  core::Time updated_at_{};
  double seconds_ = 1;
};

}  // namespace uncork::probe
