// uncork why: ten seconds of one process, port or program, and what to write into the ticket.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/output.hpp"
#include "cli/store/asked_span.hpp"
#include "cli/store/options.hpp"
#include "cli/verb.hpp"
#include "cli/watch/ending.hpp"
#include "cli/watch/services.hpp"
#include "cli/watch/sieve.hpp"
#include "cli/watch/source.hpp"
#include "cli/why/other_end.hpp"
#include "cli/why/past.hpp"
#include "cli/why/target.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "cure/pidfd.hpp"
#include "report/service_table.hpp"
#include "report/ticket.hpp"
#include "report/ticket_words.hpp"
#include "report/verdict_json.hpp"

namespace uncork::cli {
namespace {

struct WhyArguments {
  std::string word;
  AskedSpan when;
  std::string store;
  core::Micros duration{10'000'000};
  bool json = false;
};

/// The processes that a process has started are seen by the kernel's witness alone.
core::Result<WatchSource> open_source(WatchOptions& options) {
  auto source = open_watch_source(options);
  if (source || !options.tree) return source;
  options.tree = false;
  return open_watch_source(options);
}

core::Result<core::Micros> watch(ServiceView& view, WatchEnding& ending) {
  constexpr core::Micros kLook{500'000};
  for (const core::Time begun = core::MonotonicClock::now();;) {
    const core::Time now = core::MonotonicClock::now();
    const bool over = ending.is_over(now);
    if (auto updated = view.update(core::MonotonicClock::now()); !updated) return core::fail(updated.error());
    if (over) return core::MonotonicClock::now() - begun;
    ending.wait_until(now + kLook);
  }
}

std::vector<stall::ServiceVerdict> services_of(const ServiceView& view) {
  std::vector<stall::ServiceVerdict> services;
  for (auto& line : view.verdicts()) services.push_back(std::move(line.verdict));
  put_worst_first(services);
  for (stall::ServiceVerdict& v : services) {
    if (v.matters && v.peer.empty()) v.peer = program_at_other_end(v.service);
  }
  return services;
}

Exit say_nothing_matched(const WhyArguments& arguments, const WhyTarget& target, core::Micros watched, const ServiceView& view) {
  constexpr std::size_t kMost = 8;
  std::string there;
  const auto all = view.board().all();
  for (std::size_t i = 0; i < std::min(all.size(), kMost); ++i)
    there += (i == 0 ? "; there was " : ", ") + report::clipped(report::service_text(*all[i]), 40);
  if (all.size() > kMost) there += ", ...";
  const std::string sentence =
      fmt::format("nothing matched: no connection of {} carried anything in {}{}", target.words, core::to_string(watched), there);
  if (arguments.json)
    put(report::json_line({{"type", "why"}, {"asked", target.words}, {"matters", false}, {"none_matched", sentence}}));
  say("uncork why: {}\n", sentence);
  return Exit::usage;
}

core::Result<Exit> why(const WhyArguments& arguments) {
  if (arguments.when.asked()) return why_then(arguments.word, arguments.when, arguments.store, arguments.json);
  const auto target = read_target(arguments.word, this_machine());
  if (!target) return core::fail(target.error());
  WatchOptions options = target->watch();
  UntilStopped ending(arguments.duration);
  if (target->pid != 0) {
    if (auto process = cure::pidfd_open(target->pid)) ending.follow(std::move(*process), "uncork why: the process has ended");
  }
  auto source = open_source(options);
  if (!source) return core::fail(source.error());
  auto sieve = Sieve::make(source->choice);
  if (!sieve) return core::fail(sieve.error());
  ServiceView view(options, *source, std::move(*sieve));
  say("uncork why: watching {} for {}; Ctrl-C ends it sooner\n", target->words, core::to_string(arguments.duration));
  const auto watched = watch(view, ending);
  if (!watched) return core::fail(watched.error());

  report::Ticket ticket{target->words, *watched, services_of(view), source->opened.source->limits()};
  if (!source->opened.why_sampled.empty()) ticket.limits.insert(ticket.limits.begin(), source->opened.why_sampled);
  if (ticket.services.empty()) return say_nothing_matched(arguments, *target, *watched, view);
  put(arguments.json ? report::ticket_json(ticket) : report::ticket_text(ticket, static_cast<std::size_t>(terminal_width(1))));
  return ticket.services.front().matters ? Exit::found : Exit::ok;
}

}  // namespace

void add_why(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("why", "Say why a process, port or program is slow, in 2 KB to paste into a ticket");
  const auto arguments = std::make_shared<WhyArguments>();
  verb.add_option("WHAT", arguments->word, "A process by its number, a port as :8001, or a program as nginx or nginx:443")
      .type_name("")
      .required();
  const Option duration = add_duration(verb, "--for", arguments->duration, "Watch for this time (default 10s)", Zero::refused);
  const Option at = add_when(verb, "--at", arguments->when.at, "Do not watch: report the minute at this time, from the store");
  at.excludes(duration);
  add_when(verb, "--since", arguments->when.since, "Do not watch: report from this time on: 10m (ago), 14:03, 2026-11-27T14:03")
      .excludes(duration)
      .excludes(at);
  add_when(verb, "--until", arguments->when.until, "Do not watch: report up to this time (default now)")
      .excludes(duration)
      .excludes(at);
  add_store(verb, arguments->store);
  verb.add_flag("--json", arguments->json, "Print one JSON object");
  verb.footer(
      "A number is a process if one has it, else a port that is in use; what it was taken for is said.\n\n"
      "Example:\n  uncork why :8001\n  uncork why nginx:443 --for 30s\n  uncork why :8001 --at 14:03\n"
      "  uncork why nginx --since 1h\n\n"
      "Exit code 1 when time was lost that matters, 0 when none was, 2 when nothing matched.");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      const auto exit = why(*arguments);
      return exit ? *exit : report_error(exit.error());
    };
  });
}

}  // namespace uncork::cli
