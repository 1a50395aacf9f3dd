#include "cli/watch/view.hpp"

#include <fmt/format.h>

#include <array>

#include "core/duration.hpp"

namespace uncork::cli {

std::string_view name(WatchBy by) {
  static constexpr std::array<std::string_view, 6> kNames = {"service", "connection", "process", "peer", "container", "cgroup"};
  return kNames.at(static_cast<std::size_t>(by));
}

std::string threshold_text(const WatchOptions& options) {
  return fmt::format("at least {}, and {:g} % or {} an exchange", core::to_string(options.threshold.least_lost),
                     options.min_share_percent, core::to_string(options.threshold.least_an_exchange));
}

core::Json summary_json(const WatchOptions& options, const WatchEnd& end, stall::Confidence confidence,
                        const std::string& none_matched) {
  core::Json summary = {{"type", "summary"},    {"by", name(options.shown_by())}, {"watched_ms", core::to_ms(end.watched)},
                        {"limits", end.limits}, {"none_matched", none_matched},   {"confidence", stall::name(confidence)}};
  if (!options.command.empty()) {
    summary["command"] = options.command;
    summary["command_exit"] = end.command_exit ? core::Json(*end.command_exit) : core::Json();
  }
  return summary;
}

}  // namespace uncork::cli
