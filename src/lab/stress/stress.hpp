#pragma once
// The container load that xtcp2 publishes: some namespaces with many sockets each, of which a few change between looks. Rows must
// equal sockets at every look, and each connection that closes has one last row.

#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "lab/criteria.hpp"
#include "lab/sockets/soak.hpp"

namespace uncork::lab {

struct StressOptions {
  unsigned namespaces = 20;
  unsigned sockets = 100;       ///< in each: a listener of each family and connections
  core::Micros every{100'000};  ///< in one namespace a connection is replaced, and another opened and closed at once
  core::Micros duration{120'000'000};
  core::Micros poll{1'000'000};  ///< between two looks of the watcher
};

struct StressResult {
  StressOptions options;
  SoakFigures figures;
  std::vector<Criterion> criteria;
};

/// The connections are IPv4, IPv6 and IPv4 to IPv6 listeners, and end in order or by an abort, in turn. Needs root. `command`
/// replaces the watcher, for tests. Errors: as of World::open and run_soak.
[[nodiscard]] core::Result<StressResult> run_stress(const StressOptions& options, const SoakObserver& observer,
                                                    const std::vector<std::string>& command = {});

[[nodiscard]] std::vector<Criterion> judge_stress(const StressResult& result);

/// What was measured, beside what is published, then the criteria.
[[nodiscard]] std::string stress_text(const StressResult& result);
[[nodiscard]] core::Json stress_json(const StressResult& result);

}  // namespace uncork::lab
