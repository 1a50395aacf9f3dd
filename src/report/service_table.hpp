#pragma once
// The live view of `uncork watch`: one line a service, or another group of connections.

#include <span>
#include <string>

#include "core/clock.hpp"
#include "report/watch_table.hpp"
#include "stall/service.hpp"

namespace uncork::report {

struct ServiceLine {
  stall::ServiceVerdict verdict;
  double lost_ms_per_second = 0;  ///< since the view before; likewise the next
  double exchanges_per_second = 0;
};

struct ServiceSummary {
  core::Micros watched{0};
  std::size_t services = 0;
  std::uint64_t connections = 0;
  std::size_t losing = 0;               ///< services that lost what matters
  std::string_view groups = "service";  ///< what a line is of: `service`, `process`
};

/// A heading and the lines in the order given. `width` 0: unlimited; the heading is not cut.
[[nodiscard]] std::string service_table(std::span<const ServiceLine> lines, const ServiceSummary& summary, std::size_t width,
                                        Color color);

/// `nginx server :80`, or what else a group is called.
[[nodiscard]] std::string service_text(const stall::Service& service);

}  // namespace uncork::report
