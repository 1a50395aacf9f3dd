// uncork proxy: a TCP forwarder with a delay, for experiments on one machine.

#include <memory>
#include <string>
#include <string_view>

#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "relay/proxy.hpp"
#include "relay/proxy_descriptors.hpp"

namespace uncork::cli {
namespace {

struct ProxyArguments {
  relay::ProxyOptions options;
  bool json = false;
  bool quiet = false;
};

/// To the reader at once: programs wait for the line that names the port.
void show(std::string_view line, bool json) {
  if (json) {
    put_line(line);
  } else {
    print("{}\n", line);
  }
  flush();
}

Exit run_proxy(ProxyArguments arguments) {
  relay::ProxyOptions& options = arguments.options;
  const bool log_on_stdout = options.log_path == "-";
  if (arguments.json && log_on_stdout) {
    return report_error(core::invalid_argument("--json and --log -: both write to standard output; give --log a file"));
  }
  options.signals = relay::Signals::stop;
  if (!arguments.quiet) {
    options.on_event = [](std::string_view line) { say("{}\n", line); };
  }
  // Not fatal: with the limit as it is, fewer connections fit, and the proxy says so when they do not.
  if (const auto raised = relay::raise_descriptor_limit(); !raised) report_error(raised.error());
  auto proxy = relay::Proxy::start(options);
  if (!proxy) return report_error(proxy.error());

  const core::Endpoint listening = proxy->listening();
  show(arguments.json ? relay::listening_json(listening, options) : relay::listening_line(listening, options.connect),
       arguments.json);
  const relay::ProxySummary summary = proxy->run();
  if (log_on_stdout) {
    say("{}\n", relay::summary_line(summary));
    if (summary.log_error) throw OutputLost{summary.log_error->system_errno};
    return Exit::ok;
  }
  show(arguments.json ? relay::summary_json(summary) : relay::summary_line(summary), arguments.json);
  return summary.log_error ? report_error(*summary.log_error) : Exit::ok;
}

/// `--NAME TIME`; and `--NAME-ms N`, which scripts have.
void add_delay(const Verb& verb, const std::string& name, core::Micros& into, const std::string& help) {
  const Option option = add_duration(verb, "--" + name, into, help);
  add_parsed(verb, "--" + name + "-ms", into, "N", "Set the same as a bare number of milliseconds", relay::parse_milliseconds)
      .excludes(option);
}

void add_options(const Verb& verb, ProxyArguments& arguments) {
  relay::ProxyOptions& options = arguments.options;
  add_endpoint(verb, "--listen", options.listen, "Accept connections on this address; port 0 picks a free one").required();
  add_endpoint(verb, "--connect", options.connect, "Forward them to this address").required();
  add_delay(verb, "delay", options.delay, "Delay every chunk by this time, each way (default 0ms)");
  add_delay(verb, "jitter", options.jitter,
            "Delay each chunk by up to this time more, at random; keep their order (default 0ms)");
  add_parsed(verb, "--seed", options.jitter_seed, "N", "Repeat the same jitter with the same number (default 1)",
             relay::parse_seed);
  add_parsed(verb, "--rate", options.rate_bytes_per_second, "RATE",
             "Limit each way of a connection to so many bytes per second: 125000, 64k, 10M (default none)", relay::parse_bytes);
  add_parsed(verb, "--buffer", options.limit_bytes, "BYTES",
             "Let so many bytes wait each way of a connection (default 256 KiB, delayed 16 MiB)", relay::parse_bytes);
  add_choice<relay::Nagle>(verb, "--nagle", options.nagle, {{"on", relay::Nagle::on}, {"off", relay::Nagle::off}},
                           "Turn Nagle's algorithm on or off on the proxy's own sockets (default on, as in a plain relay)");
  verb.add_option("--log", options.log_path, "Log a line per received chunk: direction, bytes, us since the last; - is stdout")
      .type_name("FILE");
  verb.add_flag_callback(
      "--allow-remote", [&options] { options.reach = relay::Reach::anyone; },
      "Let --listen be an address that other machines reach");
  verb.add_flag("--quiet", arguments.quiet, "Print no lines about connections on standard error");
  verb.add_flag("--json", arguments.json, "Print NDJSON on standard output: a listening line, and at the end a summary line");
}

}  // namespace

void add_proxy(const Verb& program, Action& chosen) {
  const Verb verb =
      program.add_subcommand("proxy", "Forward TCP connections through a delay, a rate limit, and a log of every chunk");
  verb.footer(
      "Example:\n"
      "  uncork proxy --listen 127.0.0.1:9001 --connect 127.0.0.1:8001 --delay 20ms --log -\n"
      "Point the client at port 9001. Ctrl-C ends the proxy and prints what it forwarded.");
  auto arguments = std::make_shared<ProxyArguments>();
  add_options(verb, *arguments);
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_proxy(*arguments); }; });
}

}  // namespace uncork::cli
