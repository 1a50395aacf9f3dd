// uncork collect: poll every socket again and again, keep the rows, hand them on.

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "collect/collector.hpp"
#include "collect/config_file.hpp"
#include "collect/confine.hpp"
#include "collect/requests.hpp"
#include "collect/schedule.hpp"
#include "collect/supervisor.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/program_pages.hpp"
#include "core/stop_signal.hpp"
#include "report/printable.hpp"
#include "rpc/server.hpp"
#include "web/page/page_server.hpp"

namespace uncork::cli {
namespace {

using collect::Collector;
using collect::PollReport;
using collect::Settings;

/// Where a configuration is looked for if none is named; no harm if it is not there.
constexpr const char* kUsualConfig = "/etc/uncork/collect.toml";

struct CollectArguments {
  std::string config;
  std::vector<std::pair<std::string, std::string>> told;  // settings on the command line, in its order
  std::vector<std::string> sinks;                         // likewise
  std::optional<core::Micros> duration;
  bool once = false;
  bool dry_run = false;
  bool json = false;
};

/// As the command line has it.
core::Status take(const std::string& name, const std::string& value, Settings& settings) {
  const auto taken = collect::find_setting(name)->take(value, settings);
  if (taken) return {};
  core::Error error = taken.error();
  error.message = "--" + error.message;
  return core::fail(error);
}

/// File, then environment, then command line: each overrules what came before; a list replaces an earlier one.
core::Result<Settings> settings_of(const CollectArguments& arguments) {
  Settings settings;
  const bool named = !arguments.config.empty();
  const std::string config = named ? arguments.config : kUsualConfig;
  const auto read = collect::read_config_file(config, settings);
  if (!read && (named || read.error().system_errno != ENOENT)) return core::fail(read.error());
  const std::vector<std::string> sinks = std::exchange(settings.sinks, {});
  const auto lookup = [](const char* name) -> const char* { return std::getenv(name); };
  if (auto taken = collect::read_environment(lookup, settings); !taken) return core::fail(taken.error());
  if (settings.sinks.empty()) settings.sinks = sinks;
  auto told = arguments.told;
  if (!arguments.sinks.empty()) settings.sinks.clear();
  for (const std::string& sink : arguments.sinks) told.emplace_back("sink", sink);
  for (const auto& [name, value] : told) {
    if (auto taken = take(name, value, settings); !taken) return core::fail(taken.error());
  }
  return settings;
}

core::Json report_json(const PollReport& report, const Collector& collector) {
  core::Json sinks = core::Json::array();
  for (const auto& [name, stats] : collector.sinks()) {
    sinks.push_back({{"sink", name},
                     {"delivered_rows", stats.delivered.rows},
                     {"waiting_rows", stats.waiting.rows + stats.spooled.rows},
                     {"lost_rows", stats.lost.rows},
                     {"refused_rows", stats.refused.rows},
                     {"trouble", stats.trouble}});
  }
  const collect::RowFeed::Stats subscribers = collector.feed().stats();
  return {{"type", "poll"},
          {"sequence", report.sequence},
          {"rows", report.rows},
          {"close_ups", report.close_ups},
          {"services", report.services},
          {"lost_ms", core::to_ms(report.lost)},
          {"took_ms", core::to_ms(report.took)},
          {"coverage", report.coverage},
          {"messages", report.messages},
          {"store",
           {{"waiting_polls", report.store.waiting.polls},
            {"waiting_rows", report.store.waiting.rows},
            {"dropped_polls", report.store.dropped.polls},
            {"dropped_rows", report.store.dropped.rows}}},
          {"sinks", sinks},
          {"subscribers", {{"count", subscribers.subscribers}, {"skipped_rows", subscribers.skipped_rows}}}};
}

std::string status_of(const PollReport& report) {
  return fmt::format("poll {}: {}, {} with exchanges lost {}; took {}", report.sequence, core::count_of(report.rows, "row"),
                     core::count_of(report.services, "service"), core::to_string(report.lost), core::to_string(report.took));
}

class Collecting {
 public:
  Collecting(const CollectArguments& arguments, Settings settings, std::unique_ptr<Collector> collector)
      : arguments_(arguments),
        settings_(std::move(settings)),
        collector_(std::move(collector)),
        schedule_(settings_.interval, settings_.jitter, core::MonotonicClock::now(), std::random_device{}()),
        requests_(settings_) {}

  /// Serves those who ask for rows or polls, where the settings say so.
  core::Status serve();
  [[nodiscard]] Collector& collector() { return *collector_; }
  core::Result<Exit> run(core::StopSignal& stop, collect::Supervisor& supervisor);

 private:
  void show(const PollReport& report);
  void reload();
  core::Status follow(const Settings& settings);
  void take_requests();
  core::Status rest(core::StopSignal& stop, collect::Supervisor& supervisor, core::Time end);

  const CollectArguments& arguments_;
  Settings settings_;
  std::unique_ptr<Collector> collector_;
  collect::Schedule schedule_;
  collect::Requests requests_;
  std::unique_ptr<rpc::Server> server_;
  core::Time polled_{};  // when the last poll began
  std::string status_ = "begins";
};

void Collecting::show(const PollReport& report) {
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
void Collecting::reload() {
  const auto settings = settings_of(arguments_);
  const auto taken = settings ? follow(*settings) : core::Status(core::fail(settings.error()));
  if (!taken) {
    say("uncork collect: not reloaded: {}\n", report::printable(taken.error().message));
    return;
  }
  requests_.follow(settings_);
  say("uncork collect: reloaded\n");
}

core::Status Collecting::follow(const Settings& settings) {
  if (auto taken = collector_->reload(settings); !taken) return taken;
  schedule_.change(settings.interval, settings.jitter);
  settings_ = settings;
  return {};
}

/// What cannot be given up is told, and kept.
void confine(const std::vector<std::string>& folders) {
  if (auto confined = collect::confine_thread(folders); !confined)
    say("uncork collect: {}; goes on without\n", report::printable(confined.error().message));
}

core::Status Collecting::serve() {
  auto server =
      rpc::Server::start(settings_, UNCORK_VERSION, collector_->feed(), requests_, collector_->board(), [] { confine({}); });
  if (!server) return core::fail(server.error());
  server_ = std::move(*server);
  if (!server_) return {};
  for (const std::string& address : server_->addresses()) say("uncork collect: gRPC at {}\n", report::printable(address));
  return {};
}

/// What was asked over gRPC since the last time.
void Collecting::take_requests() {
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

core::Status Collecting::rest(core::StopSignal& stop, collect::Supervisor& supervisor, core::Time end) {
  // How late a signal may be noticed, or what is asked over gRPC.
  const core::Micros slice = server_ ? std::chrono::milliseconds(50) : std::chrono::milliseconds(200);
  core::Time alive = core::MonotonicClock::now();
  while (!stop.stopped()) {
    if (stop.take_hangup()) {
      supervisor.reloading();
      reload();
      supervisor.ready(status_);
    }
    take_requests();
    const core::Time now = core::MonotonicClock::now();
    const core::Time due = std::min(schedule_.next(), end);
    if (now >= due) return {};
    if (supervisor.watchdog_every() && now >= alive) {
      supervisor.alive(status_);
      alive = now + *supervisor.watchdog_every();
    }
    if (auto waited = collector_->wait(std::min(due, now + slice)); !waited) return waited;
  }
  return {};
}

core::Result<Exit> Collecting::run(core::StopSignal& stop, collect::Supervisor& supervisor) {
  constexpr core::Micros kFarewell{10'000'000};
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
  server_.reset();
  if (terminal_width(2) > 0 && !arguments_.once && !arguments_.json) say("\n");
  const auto left = collector_->stop(core::MonotonicClock::now() + kFarewell);
  for (const std::string& sentence : left) say("uncork collect: {}\n", report::printable(sentence));
  if (failed) return core::fail(*failed);
  return left.empty() ? Exit::ok : Exit::not_possible;
}

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

/// Serves the page as long as what it returns lives; null: there is none. Where the usual port is taken (by another collector,
/// say) that is said, and it does without.
core::Result<std::unique_ptr<web::PageServer>> start_page(const Settings& settings, Collector& collector) {
  if (settings.page == "none") return nullptr;
  const bool is_usual = settings.page.empty();
  auto page = web::PageServer::start(
      collector.board(),
      {.listen = std::string(is_usual ? collect::kUsualPage : settings.page),
       .store = collector.store_path(),
       .interval = settings.interval,
       .metrics = [&collector](const collect::Snapshot&) { return collect::prometheus_text(collector.metrics().collect()); },
       // SQLite maps a file beside the store, for readers too.
       .prepare = [folder = folder_of(collector.store_path())] { confine({folder}); }});
  if (!page && !is_usual) return core::fail(page.error());
  if (!page) {
    say("uncork collect: there is no page: {} (--page chooses another place)\n", page.error().message);
    return nullptr;
  }
  say("uncork collect: the page is at {}\n", report::printable((*page)->address()));
  if ((*page)->is_open_to_others())
    say("uncork collect: others than this machine can reach the page: it asks nobody who they are, and shows every socket\n");
  return page;
}

core::Json settings_json(const Settings& settings, const Collector& collector) {
  core::Json sinks = core::Json::array();
  for (const std::string& sink : settings.sinks)
    sinks.push_back({{"sink", sink}, {"format", collect::format_of(sink, settings.format)}});
  return {{"type", "settings"},
          {"interval_ms", core::to_ms(settings.interval)},
          {"jitter", settings.jitter},
          {"store", collector.store_path()},
          {"filter", settings.filter},
          {"grpc", settings.grpc},
          {"page", settings.page.empty() ? collect::kUsualPage : settings.page},
          {"sinks", sinks}};
}

/// The settings as they would be followed.
void show_settings(const Settings& settings, const Collector& collector) {
  print("interval {}, shorter by up to {:.0f} %\n", core::to_string(settings.interval), 100 * settings.jitter);
  print("store    {}\n", collector.store_path().empty() ? "none" : report::printable(collector.store_path()));
  print("filter   {}\n", settings.filter.empty() ? "none" : report::printable(settings.filter));
  if (!settings.grpc.empty()) print("gRPC     {}\n", report::printable(settings.grpc));
  print("page     {}\n", report::printable(settings.page.empty() ? collect::kUsualPage : settings.page));
  for (const std::string& sink : settings.sinks)
    print("sink     {} as {}\n", report::printable(sink), collect::format_of(sink, settings.format));
}

core::Result<Exit> collect_rows(const CollectArguments& arguments) {
  auto settings = settings_of(arguments);
  if (!settings) return core::fail(settings.error());
  core::StopSignal stop(core::StopSignal::Hangup::taken);
  collect::Supervisor supervisor;
  ::mallopt(M_ARENA_MAX, 1);
  auto collector = Collector::open(*settings);
  if (!collector) return core::fail(collector.error());
  Collecting collecting(arguments, *settings, std::move(*collector));
  if (auto served = collecting.serve(); !served) return core::fail(served.error());
  if (arguments.dry_run) {
    if (arguments.json) {
      put(settings_json(*settings, collecting.collector()).dump(core::Json::Order::as_inserted, core::Json::Charset::ascii) +
          "\n");
    } else {
      show_settings(*settings, collecting.collector());
    }
    return Exit::ok;
  }
  std::unique_ptr<web::PageServer> page;
  if (!arguments.once) {
    auto started = start_page(*settings, collecting.collector());
    if (!started) return core::fail(started.error());
    page = std::move(*started);
  }
  if (auto confined = collect::confine_process(); !confined)
    say("uncork collect: {}; goes on without\n", report::printable(confined.error().message));
  auto exit = collecting.run(stop, supervisor);
  page.reset();  // before the board that it looks at
  return exit;
}

constexpr const char* kFooter =
    "A setting is taken from the file, where it has the option's name, else from the environment (UNCORK_COLLECT_INTERVAL), "
    "else\n"
    "from the command line; what comes later overrules. SIGHUP reads them again; SIGTERM ends it, when all is delivered.\n\n"
    "Example:\n"
    "  uncork collect                                         keep every socket's rows for uncork top, show and query\n"
    "  uncork collect --interval 1s --sink stdout --format jsonl --store none\n"
    "  uncork collect --sink file:/var/log/uncork/rows.jsonl.zst --sink tcp:collector:4000";

}  // namespace

void add_collect(const Verb& program, Action& chosen) {
  const auto arguments = std::make_shared<CollectArguments>();
  const Verb verb = program.add_subcommand("collect", "Poll every socket again and again, keep the rows and hand them on");
  verb.add_option("--config", arguments->config,
                  "Read settings from this TOML file (default: /etc/uncork/collect.toml, if it is there)")
      .type_name("FILE");
  for (const collect::Setting& setting : collect::all_settings()) {
    const std::string name(setting.name), help(setting.help), type(setting.type);
    if (setting.is_list) {
      verb.add_option("--" + name, arguments->sinks, help).type_name(type).one_at_a_time();
      continue;
    }
    const auto read = [arguments, name](const std::string& value) -> core::Status {
      Settings scratch;
      if (auto taken = take(name, value, scratch); !taken) return taken;
      arguments->told.emplace_back(name, value);
      return {};
    };
    verb.add_read("--" + name, read, help).type_name(type);
  }
  verb.add_flag("--once", arguments->once, "Poll once, deliver, and end");
  verb.add_flag("--dry-run", arguments->dry_run, "Open everything, print what would be done, and end");
  add_duration(verb, "--for", arguments->duration, "End after this time", Zero::refused);
  verb.add_flag("--json", arguments->json, "Print one JSON object per poll");
  verb.footer(kFooter);
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      const auto exit = collect_rows(*arguments);
      return exit ? *exit : report_error(exit.error());
    };
  });
}

}  // namespace uncork::cli
