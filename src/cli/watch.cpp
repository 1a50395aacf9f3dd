// uncork watch: live connections that lose time, whose fault it is, and what ends it.

#include <fmt/format.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "cli/watch/ending.hpp"
#include "cli/watch/options.hpp"
#include "cli/watch/session.hpp"
#include "cli/watch/source.hpp"
#include "command/command.hpp"
#include "cure/pidfd.hpp"
#include "probe/enrich/find_container.hpp"

namespace uncork::cli {
namespace {

constexpr core::Micros kOneLook{2'000'000};

core::Status check_together(const WatchOptions& options) {
  const auto refuse = [](const char* sentence) { return core::fail(core::invalid_argument(sentence)); };
  if (options.events && options.shown_by() != WatchBy::connection)
    return refuse("--events are of connections: leave --by out, or give --by connection");
  if (!options.cgroup.empty() && !options.container.empty()) return refuse("--cgroup and --container: one of the two");
  if (options.tree && options.pid == 0) return refuse("--tree: only with --pid, whose descendants it means");
  if (options.command.empty()) return {};
  if (options.pid != 0) return refuse("--pid: not with a command, which is watched with all that it starts");
  if (options.duration || options.once) return refuse("--for and --once: not with a command, whose end ends the watch");
  return {};
}

/// Ends with the process of --pid, or with a signal or a time.
core::Result<Exit> watch_running(const WatchOptions& options) {
  UntilStopped ending(options.duration);
  if (options.pid != 0) {
    auto process = cure::pidfd_open(options.pid);
    if (!process && process.error().code == core::ErrorCode::not_found) {
      return core::fail(core::Error{core::ErrorCode::not_found, ESRCH, fmt::format("--pid {}: no such process", options.pid)});
    }
    // Else it is watched, and its end not seen.
    if (process) ending.follow(std::move(*process), fmt::format("uncork watch: process {} has ended", options.pid));
  }
  auto source = open_watch_source(options);
  if (!source) return core::fail(source.error());
  auto session = WatchSession::make(options, std::move(*source));
  return session ? (*session)->run(ending) : core::fail(session.error());
}

/// Runs the command and ends with it; its exit code is ours.
core::Result<Exit> watch_command(const WatchOptions& options) {
  command::Command command;
  auto source = open_watch_source(options);  // what we start from now on is chosen
  if (!source) return core::fail(source.error());
  auto session = WatchSession::make(options, std::move(*source));
  if (!session) return core::fail(session.error());
  if (const auto started = command.start({.words = options.command}); !started) {
    report_error(started.error());
    return passed_on(command::exit_code_of(started.error()));
  }
  UntilCommandEnds ending(command);
  if (const auto watched = (*session)->run(ending); !watched) return watched;
  return passed_on(ending.command_exit().value_or(0));
}

core::Result<Exit> watch(WatchOptions options) {
  options.threshold.least_share = options.min_share_percent / 100;
  if (auto together = check_together(options); !together) return core::fail(together.error());
  if (options.once && !options.duration) options.duration = kOneLook;
  if (!options.container.empty()) {
    auto found = probe::find_container(options.container);
    if (!found) return core::fail(found.error());
    options.cgroup = std::move(*found);
  }
  return options.command.empty() ? watch_running(options) : watch_command(options);
}

core::Result<std::optional<WatchBy>> parse_by(const std::string& argument, const std::string& text) {
  for (const WatchBy by :
       {WatchBy::service, WatchBy::connection, WatchBy::process, WatchBy::peer, WatchBy::container, WatchBy::cgroup}) {
    if (text == name(by)) return by;
  }
  return core::fail(core::invalid_argument(argument + " '" + text.substr(0, 40) +
                                           "': accepted: service|connection|process|peer|container|cgroup"));
}

core::Result<std::optional<filter::Host>> parse_remote(const std::string& argument, const std::string& text) {
  const auto host = filter::parse_host(text);
  if (!host) return core::fail(core::invalid_argument(argument + ": " + host.error().message));
  return *host;
}

core::Result<std::optional<stall::Cause>> parse_cause(const std::string& argument, const std::string& text) {
  const auto cause = stall::cause_named(text);
  if (cause && stall::is_stall(*cause)) return cause;
  std::string words;
  for (const stall::Cause known : stall::all_causes()) {
    if (stall::is_stall(known)) words += (words.empty() ? "" : "|") + std::string(stall::name(known));
  }
  return core::fail(core::invalid_argument(argument + " '" + text.substr(0, 40) + "': accepted: " + words));
}

void add_choices(const Verb& verb, WatchOptions& options) {
  add_pid(verb, "--pid", options.pid, "Watch only this process's connections; end when it does");
  verb.add_flag("--tree", options.tree, "With --pid: its descendants' too");
  add_port(verb, "--port", options.port, "Watch only connections with this port at either end");
  verb.add_option("--netns", options.netns, "Watch only connections in this network namespace (ip netns)").type_name("NAME");
  verb.add_option("--comm", options.comm, "Watch only what the program of this name does").type_name("NAME");
  add_parsed(verb, "--remote", options.remote, "ADDRESS", "Watch only connections to this address: ADDRESS[/PREFIX][:PORT]",
             parse_remote);
  add_choice<std::optional<stall::Role>>(verb, "--side", options.side,
                                         {{"server", stall::Role::responder}, {"client", stall::Role::requester}},
                                         "Watch only what servers do, or clients");
  verb.add_option("--cgroup", options.cgroup, "Watch only processes in this control group and below it").type_name("PATH");
  verb.add_option("--container", options.container, "Watch only processes in the container of this id or name").type_name("NAME");
  add_parsed(verb, "--cause", options.cause, "CAUSE", "Show only what lost most to this cause, such as cork", parse_cause);
  verb.add_option("--filter", options.filter, "Show only that of which this is true, in the words of 'uncork sockets --filter'")
      .type_name("FILTER");
}

}  // namespace

void add_watch(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("watch", "Watch live services: which lose time, why, and what ends it");
  const auto options = std::make_shared<WatchOptions>();
  add_parsed(verb, "--by", options->by, "WHAT", "Show a line for each service, connection, process, peer, container or cgroup",
             parse_by)
      .default_str("service");
  add_choices(verb, *options);
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
  verb.add_command(options->command, "Run this program with these arguments, watch it and what it starts, and end with it",
                   Verb::Dashes::needed);
  verb.footer(
      "A service is what one program does in one role on one port, over all its connections and workers.\n\n"
      "Example:\n  uncork watch --port 8001 --for 10s\n  uncork watch --by connection --pid 4242\n"
      "  uncork watch --filter 'comm ~ \"^nginx\" and lost > 1ms'\n"
      "  uncork watch -- python3 -m pytest tests/\n\n"
      "Exit code 1 when a service lost time that matters, 0 when none did; of a command, its own.");
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto exit = watch(*options);
      return exit ? *exit : report_error(exit.error());
    };
  });
}

}  // namespace uncork::cli
