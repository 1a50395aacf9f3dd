#include "check/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "check/listeners.hpp"
#include "command/command.hpp"
#include "core/count.hpp"
#include "link/loopback.hpp"
#include "probe/namespaces.hpp"
#include "probe/open_source.hpp"

namespace uncork::check {
namespace {

/// How long a server that listens may stay unknown; a pass over all sockets costs some milliseconds on a busy machine.
constexpr core::Micros kLookEvery{100'000};

class Check {
 public:
  Check(const CheckOptions& options, probe::OpenedSource opened, std::string netns)
      : options_(options), opened_(std::move(opened)), services_(std::move(netns)) {}

  core::Result<CheckReport> run(command::Command& command);
  void over(std::unique_ptr<link::LoopedDevice> device) { device_ = std::move(device); }

 private:
  core::Status look();
  core::Status see_the_end(command::Command& command);
  void note(CheckReport& report) const;

  CheckOptions options_;
  probe::OpenedSource opened_;
  Services services_;
  Listeners listeners_;
  std::unique_ptr<link::LoopedDevice> device_;
  std::vector<std::string> limits_at_first_ = opened_.source->limits();  // those of every run on this machine
  std::size_t ended_leftovers_ = 0;
};

core::Status Check::look() {
  if (auto looked = listeners_.look(); !looked) return looked;
  auto rows = opened_.source->poll();
  if (!rows) return core::fail(rows.error());
  services_.update(std::move(*rows), listeners_);
  return {};
}

/// The last rows of sockets come when their connections have ended, which takes a round trip or two.
core::Status Check::see_the_end(command::Command& command) {
  if (auto looked = look(); !looked) return looked;
  ended_leftovers_ = command.end_leftovers();
  const core::Micros settle = std::min(core::Micros(20'000) + 4 * options_.round_trip, core::Micros(2'000'000));
  command.pause(core::MonotonicClock::now() + settle);
  return look();
}

void Check::note(CheckReport& report) const {
  if (!opened_.why_sampled.empty()) report.notes.push_back("sampled, not witnessed: " + opened_.why_sampled);
  if (options_.round_trip.count() != 0 && services_.ipv6_ends() != 0) {
    report.notes.push_back(core::count_of((services_.ipv6_ends() + 1) / 2, "connection") +
                           " to ::1 had no round trip: the kernel keeps ::1 on plain loopback; use 127.0.0.1");
  }
  if (ended_leftovers_ != 0)
    report.notes.push_back("ended what the command had left running: " +
                           core::count_of(ended_leftovers_, "process", "processes"));
  if (device_ != nullptr && device_->counters().dropped != 0) {
    report.notes.push_back(core::count_of(device_->counters().dropped, "packet") +
                           " dropped: more was under way than the link holds");
  }
  report.limits = opened_.source->limits();
  for (const std::string& limit : report.limits) {
    if (std::ranges::find(limits_at_first_, limit) == limits_at_first_.end()) report.notes.push_back("not seen: " + limit);
  }
}

core::Result<CheckReport> Check::run(command::Command& command) {
  const core::Time begun = core::MonotonicClock::now();
  CheckReport report;
  if (auto started = command.start({.words = options_.command}); !started) {
    report.command_exit = command::exit_code_of(started.error());
    report.not_begun = started.error();
    return report;
  }
  for (std::optional<int> exit; !exit;) {
    exit = command.wait_until(core::MonotonicClock::now() + kLookEvery);
    if (exit) report.command_exit = *exit;
    if (auto looked = exit ? see_the_end(command) : look(); !looked) return core::fail(looked.error());
  }
  report.took = core::MonotonicClock::now() - begun;
  report.limit = options_.limit.value_or(default_limit(options_.round_trip));
  report.confidence = opened_.source->confidence();
  for (Service& service : services_.all()) report.services.push_back(judge(std::move(service), report.limit, report.confidence));
  note(report);
  return report;
}

}  // namespace

core::Micros default_limit(core::Micros round_trip) {
  constexpr core::Micros kMost{5000};
  return round_trip.count() == 0 ? kMost : std::min(kMost, round_trip / 4);
}

std::size_t CheckReport::failed() const {
  return static_cast<std::size_t>(std::ranges::count_if(services, [](const Judgement& one) { return one.failed; }));
}

core::Result<CheckReport> run_check(const CheckOptions& options) {
  const auto standing = link::enter_own_network();
  if (!standing) return core::fail(standing.error());
  command::Command command;  // its signals are blocked in every thread made from here on
  const link::Impairments impairments{.one_way = options.round_trip / 2, .loss = options.loss};
  std::unique_ptr<link::LoopedDevice> device;
  if (impairments.any()) {
    auto made = link::impair_loopback(impairments);
    if (!made) return core::fail(made.error());
    device = std::move(*made);
  }
  const auto inode = probe::own_namespace();
  if (!inode) return core::fail(inode.error());
  probe::WitnessOptions witnessing;
  witnessing.whole = {.all = false, .netns = static_cast<std::uint32_t>(*inode)};
  auto opened = probe::open_source({}, witnessing);
  if (!opened) return core::fail(opened.error());
  Check check(options, std::move(*opened), probe::anonymous_name(*inode));
  check.over(std::move(device));
  return check.run(command);
}

}  // namespace uncork::check
