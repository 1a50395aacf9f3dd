// uncork lab http2: what it costs an HTTP/2 server to send by the frame.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/lab.hpp"
#include "cli/output.hpp"
#include "core/duration.hpp"
#include "core/stop_signal.hpp"
#include "lab/http2/http2.hpp"
#include "lab/http2/http2_judge.hpp"
#include "probe/open_source.hpp"
#include "web/load/load.hpp"

namespace uncork::cli {
namespace {

struct Http2Arguments {
  lab::Http2Options options;
  std::uint64_t requests = 0;
  bool json = false;
};

/// The load client, for the lab, which does not know it.
core::Result<lab::LoadFigures> run_load(const lab::LoadOrder& order, const lab::LoadWatch& watch) {
  web::LoadOptions options;
  options.url = order.url;
  options.connections = order.shape.connections;
  options.streams = order.shape.streams;
  if (order.requests) {
    options.requests = *order.requests;
  } else {
    options.duration = order.duration;
  }
  const auto result = web::load(options, [&](const web::LoadProgress& now) { return watch(now.done); });
  if (!result) return core::fail(result.error());
  lab::LoadFigures figures;
  figures.answered = result->answered;
  figures.failed = result->failed();
  figures.connections = result->connections;
  figures.per_second = result->per_second();
  figures.median = result->latencies.quantile(0.5);
  figures.client_share = result->client_share();
  return figures;
}

Exit run_scenario(Http2Arguments arguments) {
  core::StopSignal stop;
  const auto opened = probe::open_source({});
  if (!opened) return report_error(opened.error());
  if (arguments.requests != 0) arguments.options.requests = arguments.requests;
  const unsigned rounds = arguments.options.rounds;
  if (!arguments.json) {
    print_page(fmt::format(
        "A server answers requests of HTTP/2 with 12 bytes, two frames a response, and sends once a turn of its event "
        "loop, once a response, or once a frame (plain, with MSG_MORE, under Nagle). A client keeps m requests under "
        "way on each of c connections, {} a cell and round, {} rounds.\n\n",
        arguments.requests != 0 ? std::to_string(arguments.requests) : core::to_string(arguments.options.slice), rounds));
    flush();
  }
  const bool progress = terminal_width(2) > 0;
  unsigned shown = rounds;
  const auto result = lab::run_http2(arguments.options, *opened->source, run_load, [&](unsigned round) {
    if (progress && shown != round) say("\r\x1b[K{}", fmt::format("round {} of {}", round + 1, rounds));
    shown = round;
    return !stop.stopped();
  });
  if (progress) say("\r\x1b[K");
  if (!result) return report_error(result.error());
  if (arguments.json) {
    put_line(lab::http2_json(*result).dump());
  } else {
    print_page(lab::http2_text(*result));
  }
  if (!opened->why_sampled.empty()) {
    say("uncork lab: sends and holds are not counted, since the kernel's witness is unavailable: {}\n", opened->why_sampled);
  }
  return lab::all_passed(result->criteria) ? Exit::ok : Exit::found;
}

/// The server under test, run by the lab as a process of its own.
void add_http2_server(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("http2-server", "");
  verb.hide();  // not for people: left out of the help
  const auto options = std::make_shared<lab::Http2ServerOptions>();
  add_endpoint(verb, "--listen", options->listen, "").required();
  Choices<lab::Http2Sends> sends;
  for (const lab::Http2Sends one : {lab::Http2Sends::turn, lab::Http2Sends::response, lab::Http2Sends::frame,
                                    lab::Http2Sends::frame_more, lab::Http2Sends::frame_nagle}) {
    sends.emplace_back(lab::name(one), one);
  }
  add_choice<lab::Http2Sends>(verb, "--sends", options->sends, std::move(sends), "");
  add_choice<lab::Transport>(verb, "--transport", options->transport,
                             {{"tcp", lab::Transport::tcp}, {"tls", lab::Transport::tls}}, "");
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto served = lab::run_http2_server(*options, [](const core::Endpoint& at) {
        print("listening on {}\n", core::to_string(at));
        flush();
      });
      return served ? Exit::ok : report_error(served.error());
    };
  });
}

}  // namespace

void add_lab_http2(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("http2", "Answer HTTP/2 by one send a turn, a response or a frame, over TCP and TLS");
  verb.footer(
      "Example:\n  uncork lab http2 --rounds 3 --json\n\n"
      "Exit code 0 when every criterion was measured and met, 1 when one was not.");
  const auto arguments = std::make_shared<Http2Arguments>();
  add_count(verb, "--requests", arguments->requests, 1, 1'000'000'000,
            "Send N requests per cell and round, instead of for 200 ms")
      .default_str("");
  add_count(verb, "--rounds", arguments->options.rounds, 3, 1000, "Measure every cell in each of N rounds");
  verb.add_flag("--json", arguments->json, "Print one JSON document at the end");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_scenario(*arguments); }; });
  add_http2_server(lab, chosen);
}

}  // namespace uncork::cli
