#pragma once
// The sums by service as they grow: rates, verdicts, who is at the other end.

#include <cstdint>
#include <map>
#include <string>
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

  ServiceBoard(stall::Confidence confidence, const stall::Threshold& threshold)
      : confidence_(confidence), threshold_(threshold) {}

  void update(std::vector<stall::Service> services, core::Time now);

  /// Services that lost what matters, or all: the fastest loser first, then by what they lost, then by exchanges.
  [[nodiscard]] std::vector<Line> lines(Show show) const;
  [[nodiscard]] std::size_t size() const { return services_.size(); }
  /// Of all services: each connection once, where both of its ends are services here.
  [[nodiscard]] std::uint64_t connections() const;

 private:
  struct Before {
    core::Micros lost{0};
    std::uint64_t exchanges = 0;
  };
  using Identity = std::pair<bool, stall::ServiceKey>;  // whether it is the others
  [[nodiscard]] std::string peer_of(const stall::Service& service) const;

  stall::Confidence confidence_;
  stall::Threshold threshold_;
  std::vector<stall::Service> services_;
  std::map<Identity, Before> before_;
  std::multimap<std::pair<std::uint16_t, std::string>, std::size_t> by_port_;  // (port, namespace) -> services_
  core::Time updated_at_{};
  double seconds_ = 1;
};

}  // namespace uncork::probe
