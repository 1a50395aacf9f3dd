// uncork lab heartbeat: who is called dead, under three rules.

#include <fmt/format.h>

#include <memory>

#include "cli/lab.hpp"
#include "cli/output.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "lab/heartbeat/heartbeat.hpp"
#include "lab/heartbeat/heartbeat_peer.hpp"
#include "probe/open_source.hpp"

namespace uncork::cli {
namespace {

struct HeartbeatArguments {
  lab::HeartbeatOptions options;
  bool json = false;
};

void show_progress(const lab::HeartbeatProgress& progress) {
  constexpr core::Micros kSecond{1'000'000};
  say("\r\x1b[K{} of about {} s, {} of {} runs have ended", progress.elapsed / kSecond, progress.expected / kSecond + 1,
      progress.ended, progress.runs);
}

Exit run_scenario(const HeartbeatArguments& arguments) {
  core::StopSignal stop;
  const auto opened = probe::open_source({});
  if (!opened) return report_error(opened.error());
  const lab::HeartbeatTimes times(arguments.options.scale);
  if (!arguments.json) {
    print_page(
        fmt::format("A writer that always has something to write, and a peer that reads {:.0f} KiB a second and sends a "
                    "heartbeat every {}. The silence limit T is {}, the no-progress limit L is {}. Runs of each: {}, with a peer "
                    "process each. HB: heartbeats per run; WIN: time on the peer's window{}.\n\n",
                    5.0 / arguments.options.scale, core::to_string(times.interval), core::to_string(times.silence),
                    core::to_string(times.no_progress), arguments.options.seeds, opened->why_sampled.empty() ? "" : ", sampled"));
    flush();
  }
  const bool progress = terminal_width(2) > 0;
  const auto result = lab::run_heartbeat(arguments.options, *opened->source, [&](const lab::HeartbeatProgress& now) {
    if (progress) show_progress(now);
    return !stop.stopped();
  });
  if (progress) say("\r\x1b[K");
  if (!result) return report_error(result.error());
  if (arguments.json) {
    put_line(lab::heartbeat_json(*result).dump());
  } else {
    print_page(lab::heartbeat_text(*result));
  }
  if (!opened->why_sampled.empty()) {
    say("uncork lab: the window's share is sampled, not witnessed by the kernel: {}\n", opened->why_sampled);
  }
  return lab::all_passed(result->criteria) ? Exit::ok : Exit::found;
}

/// The peer, run by the lab as a process of its own.
void add_heartbeat_peer(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("heartbeat-peer", "");
  verb.hide();  // not for people: left out of the help
  const auto options = std::make_shared<lab::HeartbeatPeerOptions>();
  add_endpoint(verb, "--listen", options->listen, "").required();
  add_duration(verb, "--interval", options->interval, "").required();
  add_duration(verb, "--limit", options->limit, "").required();
  add_duration(verb, "--pause", options->pause, "");
  add_duration(verb, "--data", options->data, "");
  add_count(verb, "--seed", options->seed, 0, UINT32_MAX, "");
  verb.add_flag_callback("--never-read", [options] { options->reads = lab::Reads::never; }, "");
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto checked = lab::run_heartbeat_peer(*options, [](const core::Endpoint& at) {
        print("listening on {}\n", core::to_string(at));
        flush();
      });
      if (!checked) return report_error(checked.error());
      print("checked {} frames, {} out of order\n", checked->frames, checked->out_of_order);  // the lab reads it
      return Exit::ok;
    };
  });
}

}  // namespace

void add_lab_heartbeat(const Verb& lab, Action& chosen) {
  const Verb verb =
      lab.add_subcommand("heartbeat", "Judge slow, talking, stopped and unreading peers by three rules of who is dead");
  verb.footer(
      "Example:\n  uncork lab heartbeat --seeds 2\n\nExit code 0 when every criterion was measured and met, 1 when one was not.");
  const auto arguments = std::make_shared<HeartbeatArguments>();
  add_real(verb, "--scale", arguments->options.scale, 0.05, 1, "X",
           "Scale the original times by X; at 1 a run takes two minutes");
  add_count(verb, "--seeds", arguments->options.seeds, 1, 50, "Run each cell N times, all at once");
  verb.add_flag("--json", arguments->json, "Print one JSON document at the end");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_scenario(*arguments); }; });
  add_heartbeat_peer(lab, chosen);
}

}  // namespace uncork::cli
