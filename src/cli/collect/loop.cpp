#include "cli/collect/loop.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <utility>

#include "cli/collect/reports.hpp"
#include "cli/collect/serving.hpp"
#include "cli/output.hpp"
#include "core/program_pages.hpp"
#include "report/printable.hpp"

namespace uncork::cli {

using collect::PollReport;
using collect::Settings;

CollectLoop::CollectLoop(const CollectArguments& arguments, Settings settings, std::unique_ptr<collect::Collector> collector)
    : arguments_(arguments),
      settings_(std::move(settings)),
      collector_(std::move(collector)),
      schedule_(settings_.interval, settings_.jitter, core::MonotonicClock::now(), std::random_device{}()),
      requests_(settings_) {}

core::Status CollectLoop::serve() {
  auto server = start_grpc(settings_, *collector_, requests_);
  if (!server) return core::fail(server.error());
  server_ = std::move(*server);
  return {};
}

void CollectLoop::show(const PollReport& report) {
  status_ = status_of(report);
  if (arguments_.json) {
    put(report_json(report, *collector_).dump(core::Json::Order::as_inserted, core::Json::Charset::ascii) + "\n");
    flush();
    return;
  }
  const bool redraws = terminal_width(2) > 0 && !arguments_.once;
  if (redraws) say("\r\x1b[K");
  for (const std::string& message : report.messages) say("uncork collect: {}\n", report::printable(message));
  if (redraws) {
    say("{}", status_.substr(0, static_cast<std::size_t>(terminal_width(2) - 1)));
  } else if (arguments_.once) {
    say("uncork collect: {}\n", status_);
  }
}

/// An invalid configuration leaves all as it is.
void CollectLoop::reload() {
  const auto settings = settings_of(arguments_);
  const auto taken = settings ? follow(*settings) : core::Status(core::fail(settings.error()));
  if (!taken) {
    say("uncork collect: not reloaded: {}\n", report::printable(taken.error().message));
    return;
  }
  requests_.follow(settings_);
  say("uncork collect: reloaded\n");
}

core::Status CollectLoop::follow(const Settings& settings) {
  if (auto taken = collector_->reload(settings); !taken) return taken;
  schedule_.change(settings.interval, settings.jitter);
  settings_ = settings;
  return {};
}

/// What was asked over gRPC since the last time.
void CollectLoop::take_requests() {
  const collect::Requests::Taken asked = requests_.take();
  const core::Time now = core::MonotonicClock::now();
  if (asked.change) {
    Settings settings = settings_;
    asked.change->apply(settings);
    if (auto taken = follow(settings); !taken) say("uncork collect: not changed: {}\n", report::printable(taken.error().message));
  }
  if (asked.burst) schedule_.burst(now, asked.burst->count, asked.burst->apart);
  if (asked.trigger) schedule_.trigger(std::max(now, polled_ + collect::Requests::kLeastApart));
}

core::Status CollectLoop::rest(core::StopSignal& stop, collect::Supervisor& supervisor, core::Time end) {
  // How late a signal may be noticed, or what is asked over gRPC.
  const core::Micros slice = server_ ? std::chrono::milliseconds(50) : std::chrono::milliseconds(200);
  while (!stop.stopped()) {
    if (stop.take_hangup()) {
      supervisor.reloading();
      reload();
      supervisor.ready(status_);
    }
    take_requests();
    const core::Time now = core::MonotonicClock::now();
    if (supervisor.watchdog_every() && now >= alive_) {  // even where the next poll is due already
      supervisor.alive(status_);
      alive_ = now + *supervisor.watchdog_every();
    }
    const core::Time due = std::min(schedule_.next(), end);
    if (now >= due) return {};
    if (auto waited = collector_->wait(std::min(due, now + slice)); !waited) return waited;
  }
  return {};
}

core::Result<Exit> CollectLoop::run(core::StopSignal& stop, collect::Supervisor& supervisor) {
  const core::Time end = arguments_.duration ? core::MonotonicClock::now() + *arguments_.duration : core::Time::max();
  std::optional<core::Error> failed;
  for (bool first = true; !stop.stopped(); first = false) {
    polled_ = core::MonotonicClock::now();
    schedule_.begin(polled_);
    const auto report = collector_->poll();
    if (!report) {
      failed = report.error();
      break;
    }
    show(*report);
    if (first) supervisor.ready(status_);
    if (arguments_.once) break;
    if (first) core::give_back_program_pages();
    if (auto rested = rest(stop, supervisor, end); !rested) failed = rested.error();
    if (failed || core::MonotonicClock::now() >= end) break;
  }
  supervisor.stopping();
  const Exit exit = wind_up();
  return failed ? core::Result<Exit>(core::fail(*failed)) : exit;
}

Exit CollectLoop::wind_up() {
  constexpr core::Micros kFarewell{10'000'000};
  server_.reset();
  if (terminal_width(2) > 0 && !arguments_.once && !arguments_.json) say("\n");
  const auto left = collector_->stop(core::MonotonicClock::now() + kFarewell);
  for (const std::string& sentence : left) say("uncork collect: {}\n", report::printable(sentence));
  return left.empty() ? Exit::ok : Exit::not_possible;
}

}  // namespace uncork::cli
