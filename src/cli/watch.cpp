// uncork watch: live connections that lose time, whose fault it is, and what ends it.

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/event_feed.hpp"
#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "cli/watch/connections.hpp"
#include "cli/watch/options.hpp"
#include "cli/watch/services.hpp"
#include "cli/watch/source.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "core/syscall.hpp"
#include "cure/pidfd.hpp"
#include "report/verdict_json.hpp"

namespace uncork::cli {
namespace {

/// Where the view goes between start and end.
enum class Between { nothing, redrawn, json, events };

constexpr core::Micros kRedraw{500'000};
constexpr core::Micros kOneLook{2'000'000};

/// A pidfd is readable from the end of its process, reaped or not.
bool has_ended(const core::Fd& pidfd) {
  const auto ended = core::wait_readable(pidfd, core::MonotonicClock::now());
  return ended && *ended;
}

class Watch {
 public:
  Watch(const WatchOptions& options, WatchSource source);

  /// Ends when this process has.
  void follow(core::Fd pidfd) { process_ = std::move(pidfd); }
  core::Result<Exit> run();

 private:
  core::Status wait_until(core::StopSignal& stop, core::Time deadline);
  void say_start();
  void show(core::Time now);
  Exit say_end(core::Time now);
  [[nodiscard]] std::vector<std::string> limits() const;

  WatchOptions options_;
  WatchSource source_;
  std::unique_ptr<WatchView> view_;
  ConnectionView* connections_ = nullptr;  // the view, if it is of connections
  Between between_;
  std::optional<EventFeed> feed_;
  std::optional<core::Fd> process_;       // a pidfd
  std::vector<std::string> said_limits_;  // at the start: not again at the end
  core::Time begun_ = core::MonotonicClock::now();
};

Watch::Watch(const WatchOptions& options, WatchSource source)
    : options_(options),
      source_(std::move(source)),
      between_(options.once            ? Between::nothing
               : options.json          ? Between::json
               : options.events        ? Between::events
               : terminal_width(1) > 0 ? Between::redrawn
                                       : Between::nothing) {
  probe::Source& opened = *source_.opened.source;
  if (options_.shown_by() == WatchBy::connection) {
    auto view = std::make_unique<ConnectionView>(options_, opened, source_.filter);
    connections_ = view.get();
    view_ = std::move(view);
  } else {
    view_ = std::make_unique<ServiceView>(options_, opened, source_.filter);
  }
  if (source_.streaming != nullptr) feed_.emplace(*source_.streaming, options_.json);
}

std::vector<std::string> Watch::limits() const {
  std::vector<std::string> limits = source_.opened.source->limits();
  if (!source_.opened.why_sampled.empty()) limits.insert(limits.begin(), "sampled, not witnessed: " + source_.opened.why_sampled);
  return limits;
}

void Watch::say_start() {
  if (options_.json) {
    const core::Json start = {{"type", "start"},
                              {"by", name(options_.shown_by())},
                              {"confidence", stall::name(source_.opened.source->confidence())},
                              {"limits", limits()}};
    put(report::json_line(start));
    flush();
    return;
  }
  said_limits_ = limits();
  for (const std::string& limit : said_limits_) say("uncork watch: {}\n", limit);
  const std::string until = options_.duration ? " for " + core::to_string(*options_.duration) : "";
  say("uncork watch: watching{}; Ctrl-C ends it\n", until);
}

void Watch::show(core::Time now) {
  if (feed_) feed_->print(connections_->board());
  if (between_ == Between::json) view_->put_lines();
  if (between_ == Between::redrawn)
    put("\x1b[H\x1b[2J" + view_->table(now - begun_, static_cast<std::size_t>(terminal_width(1)), wants_color(1)));
  flush();
}

Exit Watch::say_end(core::Time now) {
  WatchEnd end{now - begun_, limits(), {}};
  if (options_.json) {
    view_->put_verdicts(end);
  } else if (options_.once) {
    put(view_->table(end.watched, static_cast<std::size_t>(terminal_width(1)), wants_color(1)));
  } else {
    if (between_ == Between::redrawn) put("\x1b[H\x1b[2J");
    view_->print_verdicts(end);
    for (const std::string& limit : source_.opened.source->limits()) {
      if (std::ranges::find(said_limits_, limit) == said_limits_.end()) print_page(fmt::format("Not seen: {}.\n", limit));
    }
  }
  flush();
  return view_->losing() == 0 ? Exit::ok : Exit::found;
}

core::Status Watch::wait_until(core::StopSignal& stop, core::Time deadline) {
  if (!feed_) {
    stop.wait_until(deadline);
    return {};
  }
  constexpr core::Micros kLook{50'000};  // how late a stop signal may be noticed
  while (!stop.stopped() && core::MonotonicClock::now() < deadline) {
    const core::Micros left = deadline - core::MonotonicClock::now();
    if (auto taken = feed_->take(std::clamp(left, core::Micros(1000), kLook)); !taken) return taken;
  }
  return {};
}

core::Result<Exit> Watch::run() {
  core::StopSignal stop;
  say_start();
  const bool bounded = options_.duration.has_value();
  const core::Time end = begun_ + options_.duration.value_or(core::Micros(0));
  for (core::Time next = begun_;;) {
    const bool process_ended = process_ && has_ended(*process_);  // before the update, which then sees its last
    const core::Time now = core::MonotonicClock::now();
    const bool over = stop.stopped() || (bounded && now >= end) || process_ended;
    if (over || !options_.once || next == begun_) {  // one look: rates are of all that was watched
      if (auto updated = view_->update(now); !updated) return core::fail(updated.error());
    }
    if (over) {
      if (process_ended) say("uncork watch: process {} has ended\n", options_.pid);
      if (feed_) feed_->print(connections_->board());
      return say_end(core::MonotonicClock::now());
    }
    show(now);
    next = std::max(next + kRedraw, now);
    if (auto waited = wait_until(stop, bounded ? std::min(next, end) : next); !waited) return core::fail(waited.error());
  }
}

core::Result<Exit> watch(WatchOptions options) {
  options.threshold.least_share = options.min_share_percent / 100;
  if (options.once && !options.duration) options.duration = kOneLook;
  if (options.events && options.shown_by() != WatchBy::connection)
    return core::fail(core::invalid_argument("--events are of connections: leave --by out, or give --by connection"));
  std::optional<core::Fd> process;
  if (options.pid != 0) {
    auto opened = cure::pidfd_open(options.pid);
    if (!opened && opened.error().code == core::ErrorCode::not_found) {
      return core::fail(core::Error{core::ErrorCode::not_found, ESRCH, fmt::format("--pid {}: no such process", options.pid)});
    }
    if (opened) process = std::move(*opened);  // else it is watched, and its end not seen
  }
  auto source = open_watch_source(options);
  if (!source) return core::fail(source.error());
  Watch watch(options, std::move(*source));
  if (process) watch.follow(std::move(*process));
  return watch.run();
}

}  // namespace

std::string threshold_text(const WatchOptions& options) {
  return fmt::format("at least {}, and {:g} % or {} an exchange", core::to_string(options.threshold.least_lost),
                     options.min_share_percent, core::to_string(options.threshold.least_an_exchange));
}

void add_watch(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("watch", "Watch live services: which lose time, why, and what ends it");
  const auto options = std::make_shared<WatchOptions>();
  const auto parse_by = [](const std::string& argument, const std::string& text) -> core::Result<std::optional<WatchBy>> {
    for (const WatchBy by :
         {WatchBy::service, WatchBy::connection, WatchBy::process, WatchBy::peer, WatchBy::container, WatchBy::cgroup}) {
      if (text == name(by)) return by;
    }
    return core::fail(core::invalid_argument(argument + " '" + text.substr(0, 40) +
                                             "': accepted: service|connection|process|peer|container|cgroup"));
  };
  add_parsed(verb, "--by", options->by, "WHAT", "Show a line for each service, connection, process, peer, container or cgroup",
             parse_by)
      .default_str("service");
  add_pid(verb, "--pid", options->pid, "Watch only this process's connections; end when it does");
  verb.add_flag("--tree", options->tree, "With --pid: its descendants' too");
  add_port(verb, "--port", options->port, "Watch only connections with this port at either end");
  verb.add_option("--netns", options->netns, "Watch only connections in this network namespace (ip netns)").type_name("NAME");
  add_duration(verb, "--for", options->duration, "Stop after this time, such as 10s (default: at Ctrl-C)", Zero::refused);
  verb.add_flag("--once", options->once, "Watch for 2 s, or --for, then print one table and end");
  add_count(verb, "--top", options->top, 1, 1'000'000, "Show at most N lines");
  add_count(verb, "--most-services", options->most_services, 1, 100'000, "Keep sums for so many services; others share a row");
  add_duration(verb, "--min-lost", options->threshold.least_lost, "Leave out what lost less than this (default 1ms)");
  add_real(verb, "--min-share", options->min_share_percent, 0, 100, "PERCENT",
           "Leave out what lost a smaller share of its exchanges' time, unless it lost 1 ms an exchange");
  verb.add_flag("--all", options->all, "Also show what does not matter, and count every exchange of every connection");
  verb.add_flag("--json", options->json, "Print NDJSON: live lines twice a second, then the verdicts");
  verb.add_flag("--events", options->events, "Also print every event of these connections; needs the kernel's witness");
  verb.footer(
      "A service is what one program does in one role on one port, over all its connections and workers.\n\n"
      "Example:\n  uncork watch --port 8001 --for 10s\n  uncork watch --by connection --pid 4242\n\n"
      "Exit code 1 when a service lost time that matters, 0 when none did.");
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto exit = watch(*options);
      return exit ? *exit : report_error(exit.error());
    };
  });
}

}  // namespace uncork::cli
