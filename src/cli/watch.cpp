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
#include "core/count.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "core/syscall.hpp"
#include "cure/pidfd.hpp"
#include "probe/connection_board.hpp"
#include "probe/namespaces.hpp"
#include "probe/open_source.hpp"
#include "probe/witness.hpp"
#include "report/verdict_json.hpp"
#include "report/verdict_text.hpp"
#include "report/watch_table.hpp"

namespace uncork::cli {
namespace {

struct WatchOptions {
  std::int32_t pid = 0;
  std::optional<std::uint16_t> port;
  std::string netns;
  std::optional<core::Micros> duration;
  std::size_t top = 20;
  stall::Threshold threshold;
  double min_share_percent = 100 * stall::Threshold{}.least_share;
  bool all = false;
  bool json = false;
  bool events = false;

  /// Else the accounts of connections that no filter names begin when something is held on them for the first time.
  [[nodiscard]] bool keeps_whole() const { return all || events || pid != 0 || port || !netns.empty(); }
};

/// Where the view goes between start and end.
enum class View { none, redrawn, json, events };

constexpr core::Micros kRedraw{500'000};

/// A pidfd is readable from the end of its process, reaped or not.
bool has_ended(const core::Fd& pidfd) {
  const auto ended = core::wait_readable(pidfd, core::MonotonicClock::now());
  return ended && *ended;
}

class Watch {
 public:
  Watch(const WatchOptions& options, probe::ConnectionFilter filter, probe::OpenedSource opened)
      : options_(options),
        opened_(std::move(opened)),
        board_(std::move(filter), opened_.source->confidence()),
        view_(options.json            ? View::json
              : options.events        ? View::events
              : terminal_width(1) > 0 ? View::redrawn
                                      : View::none) {}

  /// Ends when this process has.
  void follow(core::Fd pidfd) { process_ = std::move(pidfd); }
  /// Also prints every event that `witness`, which is the opened source, streams.
  void stream(probe::Witness& witness) { feed_.emplace(witness, options_.json); }

  core::Result<Exit> run();

 private:
  core::Status wait_until(core::StopSignal& stop, core::Time deadline);
  void say_start();
  void show(core::Time now);
  [[nodiscard]] std::vector<probe::ConnectionBoard::Line> lines() const {
    using Show = probe::ConnectionBoard::Show;
    return board_.lines(options_.threshold, options_.all ? Show::all : Show::what_matters);
  }
  Exit say_end(core::Time now) const;
  std::vector<std::string> limits() const;

  WatchOptions options_;
  probe::OpenedSource opened_;
  probe::ConnectionBoard board_;
  View view_;
  std::optional<EventFeed> feed_;
  std::optional<core::Fd> process_;       // a pidfd
  std::vector<std::string> said_limits_;  // at the start: not again at the end
  core::Time begun_ = core::MonotonicClock::now();
};

std::vector<std::string> Watch::limits() const {
  std::vector<std::string> limits = opened_.source->limits();
  if (!opened_.why_sampled.empty()) limits.insert(limits.begin(), "sampled, not witnessed: " + opened_.why_sampled);
  return limits;
}

void Watch::say_start() {
  if (view_ == View::json) {
    const core::Json start = {{"type", "start"}, {"confidence", stall::name(opened_.source->confidence())}, {"limits", limits()}};
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
  if (feed_) feed_->print(board_);
  if (view_ == View::none || view_ == View::events) return;
  auto lines = this->lines();
  const std::size_t losing = probe::ConnectionBoard::connections_that_matter(lines);
  if (lines.size() > options_.top) lines.resize(options_.top);
  if (view_ == View::json) {
    for (const auto& line : lines) {
      if (line.lost_ms_per_second <= 0) continue;
      core::Json json = report::verdict_json(line.verdict, "connection");
      json["lost_ms_per_second"] = line.lost_ms_per_second;
      json["matters"] = line.matters;
      put(report::json_line(json));
    }
    flush();
    return;
  }
  std::vector<report::WatchLine> shown;
  for (auto& line : lines) shown.push_back({std::move(line.verdict), line.lost_ms_per_second, line.ended});
  const report::WatchSummary summary{now - begun_, board_.seen(), losing};
  const auto color = wants_color(1) ? report::Color::yes : report::Color::no;
  const std::string text = report::watch_table(shown, summary, static_cast<std::size_t>(terminal_width(1)), color);
  put("\x1b[H\x1b[2J" + text);
  flush();
}

Exit Watch::say_end(core::Time now) const {
  auto lines = this->lines();
  const std::size_t losing = probe::ConnectionBoard::connections_that_matter(lines);
  std::sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.verdict.lost > b.verdict.lost; });
  if (view_ == View::json) {
    for (const auto& line : lines) {
      core::Json json = report::verdict_json(line.verdict);
      json["matters"] = line.matters;
      put(report::json_line(json));
    }
    const core::Json summary = {{"type", "summary"},
                                {"watched_ms", core::to_ms(now - begun_)},
                                {"connections", board_.seen()},
                                {"losing", losing},
                                {"accounts", options_.keeps_whole() ? "whole" : "light"},
                                {"forgotten", board_.forgotten()},
                                {"limits", limits()},
                                {"confidence", stall::name(opened_.source->confidence())}};
    put(report::json_line(summary));
  } else {
    if (view_ == View::redrawn) put("\x1b[H\x1b[2J");
    for (std::size_t i = 0; i < lines.size() && i < options_.top; ++i) print_page(report::verdict_text(lines[i].verdict) + "\n");
    if (lines.size() > options_.top) print("... and {} more (--top)\n", lines.size() - options_.top);
    print_page(fmt::format("Watched for {}{}: {}{}; {} lost time that matters (at least {}, and {:g} % or {} an exchange).\n",
                           core::to_string(now - begun_), opened_.why_sampled.empty() ? "" : ", sampled",
                           core::count_of(board_.seen(), "connection"),
                           options_.keeps_whole() ? "" : " on which something was held", losing,
                           core::to_string(options_.threshold.least_lost), options_.min_share_percent,
                           core::to_string(options_.threshold.least_an_exchange)));
    for (const std::string& limit : opened_.source->limits()) {
      if (std::ranges::find(said_limits_, limit) == said_limits_.end()) print_page(fmt::format("Not seen: {}.\n", limit));
    }
  }
  flush();
  return losing == 0 ? Exit::ok : Exit::found;
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
    const bool process_ended = process_ && has_ended(*process_);  // before the poll, which then sees its last
    auto rows = opened_.source->poll();
    if (!rows) return core::fail(rows.error());
    const core::Time now = core::MonotonicClock::now();
    board_.update(std::move(*rows), now);
    if (stop.stopped() || (bounded && now >= end) || process_ended) {
      if (process_ended) say("uncork watch: process {} has ended\n", options_.pid);
      if (feed_) feed_->print(board_);
      return say_end(now);
    }
    show(now);
    next = std::max(next + kRedraw, now);
    if (auto waited = wait_until(stop, bounded ? std::min(next, end) : next); !waited) return core::fail(waited.error());
  }
}

core::Result<Exit> watch(WatchOptions options) {
  options.threshold.least_share = options.min_share_percent / 100;
  probe::ConnectionFilter filter;
  probe::SamplerOptions sampling;
  probe::WitnessOptions witnessing;
  witnessing.whole.all = options.all || options.events;
  std::optional<core::Fd> process;
  if (options.pid != 0) {
    auto opened = cure::pidfd_open(options.pid);
    if (!opened && opened.error().code == core::ErrorCode::not_found) {
      return core::fail(core::Error{core::ErrorCode::not_found, ESRCH, fmt::format("--pid {}: no such process", options.pid)});
    }
    if (opened) process = std::move(*opened);  // else it is watched, and its end not seen
    filter.pid = witnessing.whole.pid = options.pid;
  }
  if (options.port) {
    filter.port = sampling.port = options.port;
    witnessing.whole.port = *options.port;
  }
  if (!options.netns.empty()) {
    const auto inode = probe::namespace_named(options.netns);
    if (!inode) return core::fail(inode.error());
    filter.netns = sampling.netns = options.netns;
    witnessing.whole.netns = static_cast<std::uint32_t>(*inode);
  }
  if (options.events) {
    witnessing.stream = true;
    auto witness = probe::Witness::attach(witnessing);
    if (!witness) {
      core::Error error = witness.error();
      error.message = "--events needs the kernel's witness: " + error.message;
      return core::fail(error);
    }
    probe::Witness& streaming = **witness;
    Watch watch(options, std::move(filter), {std::move(*witness), ""});
    watch.stream(streaming);
    if (process) watch.follow(std::move(*process));
    return watch.run();
  }
  auto opened = probe::open_source(sampling, witnessing);
  if (!opened) return core::fail(opened.error());
  Watch watch(options, std::move(filter), std::move(*opened));
  if (process) watch.follow(std::move(*process));
  return watch.run();
}

}  // namespace

void add_watch(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("watch", "Watch live connections: who loses time, why, and what ends it");
  const auto options = std::make_shared<WatchOptions>();
  add_pid(verb, "--pid", options->pid, "Watch only this process's connections; end when it does");
  add_port(verb, "--port", options->port, "Watch only connections with this port at either end");
  verb.add_option("--netns", options->netns, "Watch only connections in this network namespace (ip netns)").type_name("NAME");
  add_duration(verb, "--for", options->duration, "Stop after this time, such as 10s (default: at Ctrl-C)", Zero::refused);
  add_count(verb, "--top", options->top, 1, 1'000'000, "Show at most N connections");
  add_duration(verb, "--min-lost", options->threshold.least_lost, "Leave out connections that lost less than this (default 1ms)");
  add_real(verb, "--min-share", options->min_share_percent, 0, 100, "PERCENT",
           "Leave out connections that lost a smaller share of their exchanges' time, unless they lost 1 ms an exchange");
  verb.add_flag("--all", options->all, "Also show what does not matter, and count every exchange of every connection");
  verb.add_flag("--json", options->json, "Print NDJSON: one line per losing connection twice a second, then the verdicts");
  verb.add_flag("--events", options->events, "Also print every event of these connections; needs the kernel's witness");
  verb.footer(
      "Example:\n  uncork watch --port 8001 --for 10s\n\nExit code 1 when a connection lost time that matters, 0 when none did.");
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto exit = watch(*options);
      return exit ? *exit : report_error(exit.error());
    };
  });
}

}  // namespace uncork::cli
