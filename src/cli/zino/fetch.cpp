// uncork zino fetch: how long a listing of everything takes.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/zino/login.hpp"
#include "cli/zino/parts.hpp"
#include "cli/zino/view.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "report/table.hpp"
#include "zino/client/fetch.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::cli {
namespace {

struct FetchArguments {
  LoginArguments login;
  std::size_t pipeline = 1;
  bool all = false;
  bool times = false;
  bool json = false;
};

/// Of at least one time.
struct Spread {
  core::Micros mean{0}, p50{0}, p99{0}, max{0};
};

Spread spread_of(std::vector<core::Micros> times) {
  std::ranges::sort(times);
  core::Micros sum{0};
  for (const core::Micros time : times) sum += time;
  const auto at = [&](std::size_t percent) { return times[((times.size() - 1) * percent + 50) / 100]; };
  return {sum / static_cast<std::int64_t>(times.size()), at(50), at(99), times.back()};
}

void print_json(const zino::FetchResult& result, std::size_t pipeline) {
  core::Json commands = core::Json::object();
  for (const auto& [command, times] : result.times) {
    if (times.empty()) continue;
    const Spread spread = spread_of(times);
    commands[command] = {{"n", times.size()},
                         {"mean_ms", core::to_ms(spread.mean)},
                         {"p50_ms", core::to_ms(spread.p50)},
                         {"p99_ms", core::to_ms(spread.p99)},
                         {"max_ms", core::to_ms(spread.max)}};
  }
  put_line(dump({{"cases", result.cases},
                 {"gone", result.gone},
                 {"total_s", core::to_ms(result.total) / 1000},
                 {"pipeline", pipeline},
                 {"replies", result.replies},
                 {"chunks", result.chunks.size()},
                 {"commands", commands}}));
}

void print_text(const zino::FetchResult& result, bool times) {
  print("{} with history and log in {}; {} came in {}\n", core::count_of(result.cases, "case"), core::to_string(result.total),
        core::count_of(result.replies, "reply", "replies"), core::count_of(result.chunks.size(), "piece"));
  if (result.gone > 0) print("{} more went away meanwhile\n", result.gone);
  if (!times || result.cases == 0) return;
  report::Table table({{"COMMAND"},
                       {"TIMES", report::Align::right},
                       {"MEAN", report::Align::right},
                       {"P50", report::Align::right},
                       {"P99", report::Align::right},
                       {"MAX", report::Align::right}});
  for (const auto& [command, each] : result.times) {
    const Spread spread = spread_of(each);
    table.add({command, std::to_string(each.size()), core::to_string(spread.mean), core::to_string(spread.p50),
               core::to_string(spread.p99), core::to_string(spread.max)});
  }
  print("\n{}", table.render());
}

Exit run_fetch(const FetchArguments& arguments) {
  zino::FetchOptions options;
  const auto connect = connect_options(arguments.login);
  if (!connect) return report_error(connect.error());
  options.connect = *connect;
  options.pipeline = arguments.pipeline;
  core::StopSignal stop;
  options.connect.stopped = [&stop] { return stop.stopped(); };
  Progress progress;
  options.on_progress = [&](unsigned done, unsigned of) {
    progress.show_count(done, of, "answer");
    return !stop.stopped();
  };
  const auto result = zino::fetch_all(options);
  progress.clear();
  if (!result) return report_error(result.error());
  if (arguments.json) {
    print_json(*result, arguments.pipeline);
  } else {
    print_text(*result, arguments.times);
  }
  return Exit::ok;
}

}  // namespace

void add_zino_fetch(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("fetch", "Ask for everything about every case, and time each command");
  verb.footer("Example:\n  uncork zino fetch --all --times --server zino.example.org");
  const auto arguments = std::make_shared<FetchArguments>();
  verb.add_flag("--all", arguments->all, "Fetch attributes, history and log of each case that CASEIDS names").required();
  add_count(verb, "--pipeline", arguments->pipeline, 1, 10000,
            "Keep N commands outstanding; 1 waits for each answer, as old clients do");
  verb.add_flag("--times", arguments->times, "Also print how long each kind of command took");
  add_login(verb, arguments->login);
  verb.add_flag("--json", arguments->json, "Print all of it as JSON");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_fetch(*arguments); }; });
}

}  // namespace uncork::cli
