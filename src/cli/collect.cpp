// uncork collect: poll every socket again and again, keep the rows, hand them on.

#include <malloc.h>

#include <memory>
#include <string>
#include <utility>

#include "cli/collect/arguments.hpp"
#include "cli/collect/loop.hpp"
#include "cli/collect/reports.hpp"
#include "cli/collect/serving.hpp"
#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "collect/collector.hpp"
#include "collect/supervisor.hpp"
#include "confine/confine.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "report/printable.hpp"

namespace uncork::cli {
namespace {

using collect::Settings;

core::Result<Exit> collect_rows(const CollectArguments& arguments) {
  auto settings = settings_of(arguments);
  if (!settings) return core::fail(settings.error());
  core::StopSignal stop(core::StopSignal::Hangup::taken);
  collect::Supervisor supervisor;
  ::mallopt(M_ARENA_MAX, 1);
  auto collector = collect::Collector::open(*settings);
  if (!collector) return core::fail(collector.error());
  CollectLoop loop(arguments, *settings, std::move(*collector));
  if (auto served = loop.serve(); !served) return core::fail(served.error());
  if (arguments.dry_run) {
    if (arguments.json) {
      put(settings_json(*settings, loop.collector()).dump(core::Json::Order::as_inserted, core::Json::Charset::ascii) + "\n");
    } else {
      put(settings_text(*settings, loop.collector()));
    }
    return Exit::ok;
  }
  std::unique_ptr<web::PageServer> page;
  if (!arguments.once) {
    auto started = start_page(*settings, loop.collector());
    if (!started) return core::fail(started.error());
    page = std::move(*started);
  }
  if (auto confined = confine::confine_process(); !confined)
    say("uncork collect: {}; goes on without\n", report::printable(confined.error().message));
  auto exit = loop.run(stop, supervisor);
  page.reset();  // before the board that it looks at
  return exit;
}

constexpr const char* kFooter =
    "The command line overrides the environment (UNCORK_COLLECT_INTERVAL), which overrides the file (interval = \"1s\").\n"
    "SIGHUP reads them all again; SIGTERM delivers what is waiting, then ends.\n\n"
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
      if (auto taken = take_setting(name, value, scratch); !taken) return taken;
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
