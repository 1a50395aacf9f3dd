#pragma once
// What `uncork collect` says of its polls and of its settings.

#include <string>

#include "collect/collector.hpp"
#include "core/json.hpp"

namespace uncork::cli {

/// The object of a poll: docs/collect.md has its fields.
[[nodiscard]] core::Json report_json(const collect::PollReport& report, const collect::Collector& collector);
/// `poll 3: 120 rows, 4 services with exchanges lost 12.0 ms; took 3.10 ms`.
[[nodiscard]] std::string status_of(const collect::PollReport& report);

/// The settings as they would be followed.
[[nodiscard]] core::Json settings_json(const collect::Settings& settings, const collect::Collector& collector);
[[nodiscard]] std::string settings_text(const collect::Settings& settings, const collect::Collector& collector);

}  // namespace uncork::cli
