// uncork top: which services lost time, out of the store.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "cli/output.hpp"
#include "cli/store/asked_span.hpp"
#include "cli/store/options.hpp"
#include "cli/verb.hpp"
#include "core/when.hpp"
#include "report/top_table.hpp"
#include "report/verdict_json.hpp"
#include "sink/store/by_container.hpp"
#include "sink/store/reader.hpp"

namespace uncork::cli {
namespace {

constexpr std::int64_t kMinuteNs = 60'000'000'000;

enum class By : std::uint8_t { service, peer, container, process };

struct TopArguments {
  AskedSpan when;
  By by = By::service;
  std::uint64_t top = 20;
  std::string store;
  bool json = false;
};

std::string_view name_of(By by) {
  constexpr std::array<std::string_view, 4> kNames = {"service", "peer", "container", "process"};
  return kNames.at(static_cast<std::size_t>(by));
}

/// What is read of the store; containers are made of the services that are in them.
sink::Grouping grouping_of(By by) {
  if (by == By::peer) return sink::Grouping::peer;
  return by == By::process ? sink::Grouping::process : sink::Grouping::service;
}

report::TopLine line_of(const sink::SummedService& service, bool has_halves) {
  const core::Micros lost = service.sums.lost();
  return {stall::conclude(sink::service_of(service.who.key, service.who.others, service.sums), service.sums.confidence(), {}),
          service.who.container,
          has_halves ? report::trend_of(service.lost_early, lost - service.lost_early) : report::Trend::none};
}

/// What matters first, then what lost most.
std::vector<report::TopLine> lines_of(const TopArguments& arguments, const sink::ServicesIn& found) {
  const bool has_halves = found.span.until_ns - found.span.from_ns > kMinuteNs;
  std::vector<report::TopLine> lines;
  for (const auto& service : arguments.by == By::container ? sink::by_container(found.services) : found.services)
    lines.push_back(line_of(service, has_halves));
  std::ranges::sort(lines, std::ranges::greater{}, [](const report::TopLine& line) {
    return std::tuple(line.verdict.matters, line.verdict.lost, line.verdict.service.account.exchanges,
                      line.verdict.service.key.command);
  });
  return lines;
}

core::Result<Exit> say_nothing_there(const TopArguments& arguments, const sink::ServicesIn& found, sink::Reader& reader) {
  const auto polls = polls_there_are(reader);
  if (!polls) return core::fail(polls.error());
  const std::string span = span_text(found.span.from_ns, found.span.until_ns);
  std::string sentence = grouping_of(arguments.by) == sink::Grouping::service
                             ? "no service carried anything from " + span
                             : fmt::format("no sums by {} are stored from {}", name_of(arguments.by), span);
  sentence += *polls;
  if (arguments.json) put(report::json_line({{"type", "top"}, {"services", core::Json::array()}, {"none_matched", sentence}}));
  say("uncork top: {}\n", sentence);
  return Exit::usage;
}

core::Result<Exit> top(const TopArguments& arguments) {
  const auto span = span_of(arguments.when);
  if (!span) return core::fail(span.error());
  auto reader = sink::Reader::open(arguments.store);
  if (!reader) return core::fail(reader.error());
  const auto found = reader->services(*span, grouping_of(arguments.by));
  if (!found) return core::fail(found.error());
  if (found->services.empty()) return say_nothing_there(arguments, *found, *reader);
  std::vector<report::TopLine> lines = lines_of(arguments, *found);
  report::TopSummary summary{
      span_text(found->span.from_ns, found->span.until_ns), name_of(arguments.by), lines.size(),
      static_cast<std::size_t>(std::ranges::count_if(lines, [](const auto& l) { return l.verdict.matters; }))};
  if (arguments.top != 0 && lines.size() > arguments.top) lines.resize(arguments.top);
  if (arguments.json) {
    core::Json services = core::Json::array();
    for (const report::TopLine& line : lines) services.push_back(report::top_json(line, summary.groups));
    put(report::json_line({{"type", "top"},
                           {"from", core::local_time_text(found->span.from_ns)},
                           {"until", core::local_time_text(found->span.until_ns)},
                           {"from_ns", found->span.from_ns},
                           {"until_ns", found->span.until_ns},
                           {"by", summary.groups},
                           {"all", summary.all},
                           {"losing", summary.losing},
                           {"services", services}}));
  } else {
    put(report::top_table(lines, summary, static_cast<std::size_t>(terminal_width(1)),
                          wants_color(1) ? report::Color::yes : report::Color::no));
    if (summary.all > lines.size()) print("... and {} more (--top)\n", summary.all - lines.size());
  }
  return summary.losing != 0 ? Exit::found : Exit::ok;
}

}  // namespace

void add_top(const Verb& program, Action& chosen) {
  const Verb verb =
      program.add_subcommand("top", "Show which services lost time, in the last minutes or in the past, from the store");
  const auto arguments = std::make_shared<TopArguments>();
  const Option since = add_when(verb, "--since", arguments->when.since,
                                "Begin at this time: 10m (ago), 14:03, 2026-11-27T14:03 (default 10m before --until)");
  const Option until = add_when(verb, "--until", arguments->when.until, "End at this time (default now)");
  add_when(verb, "--at", arguments->when.at, "Show the minute of this time alone").excludes(since).excludes(until);
  add_choice(verb, "--by", arguments->by,
             Choices<By>{{"service", By::service}, {"peer", By::peer}, {"container", By::container}, {"process", By::process}},
             "Print a line for each of these (default service)");
  add_count(verb, "--top", arguments->top, 0, 1'000'000, "Show at most N of them; 0 shows all");
  add_store(verb, arguments->store);
  verb.add_flag("--json", arguments->json, "Print one JSON object");
  verb.footer(
      "Times are rounded to whole minutes, and are in your time zone; with a Z behind them in UTC.\n\n"
      "Example:\n  uncork top --since 10m\n  uncork top --since 7d --by container\n  uncork top --at 14:03\n\n"
      "Exit code 1 when time was lost that matters, 0 when none was, 2 when nothing is stored of that time.");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      const auto exit = top(*arguments);
      return exit ? *exit : report_error(exit.error());
    };
  });
}

}  // namespace uncork::cli
