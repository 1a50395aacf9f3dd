// uncork h2 load: loads a server of HTTP/2, and says how fast it answers.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "cli/h2/parts.hpp"
#include "cli/h2/request_options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "web/load/load.hpp"

namespace uncork::cli {
namespace {

/// Of its threads' time; beyond it the client is the limit.
constexpr double kSaturated = 0.9;

struct LoadArguments {
  web::LoadOptions options;
  RequestArguments asked;
  double rate = 0;
  bool json = false;
};

double a_request(std::uint64_t amount, const web::LoadResult& result) {
  const std::uint64_t all = result.answered + result.failed();
  return all == 0 ? 0 : static_cast<double>(amount) / static_cast<double>(all);
}

double client_ns(const web::LoadResult& result) {
  return a_request(static_cast<std::uint64_t>(std::max<std::int64_t>(0, result.client_cpu.count())), result);
}

void show(const web::LoadResult& result, bool is_open) {
  print("requests  {} answered in {}, {:.0f} a second; {} failed\n", result.answered, core::to_string(result.taken),
        result.per_second(), result.failed());
  for (const auto& [why, count] : result.failures) print("          {} {}\n", count, why);
  if (result.asked_again != 0) print("          {} asked again after GOAWAY\n", result.asked_again);
  if (!result.gave_up.empty()) print("          ended early, {} never sent: {}\n", result.never_sent, result.gave_up);
  const auto at = [&](double share) { return core::to_string(result.latencies.quantile(share)); };
  print("latency   p50 {}, p90 {}, p99 {}, p99.9 {}, most {}{}\n", at(0.5), at(0.9), at(0.99), at(0.999),
        core::to_string(result.latencies.max()), is_open ? ", each from the time when it was due" : "");
  if (is_open) {
    print("due       {} at most waited for a stream at once; {} never had one\n", result.most_waiting, result.never_sent);
  }
  print(
      "traffic   {}; a request {:.1f} B sent and {:.1f} B received, {:.1f} B of them its body; {:.3f} sends, {:.3f} "
      "reads\n",
      core::count_of(result.connections, "connection"), a_request(result.wire_sent, result),
      a_request(result.wire_received, result), a_request(result.bytes, result), a_request(result.sends, result),
      a_request(result.reads, result));
  print("client    {:.0f} % of {}, {:.0f} ns a request{}\n", 100 * result.client_share(),
        core::count_of(result.threads, "thread"), client_ns(result),
        result.client_share() < kSaturated
            ? ""
            : ": it was this client, not the server, that was the limit; give it more by --threads");
}

void show_json(const web::LoadResult& result) {
  core::Json failures = core::Json::object();
  for (const auto& [why, count] : result.failures) failures[why] = count;
  const auto at = [&](double share) { return core::to_ms(result.latencies.quantile(share)); };
  const core::Json document = {{"answered", result.answered},
                               {"failed", result.failed()},
                               {"failures", failures},
                               {"taken_ms", core::to_ms(result.taken)},
                               {"per_second", result.per_second()},
                               {"latency_ms",
                                {{"p50", at(0.5)},
                                 {"p90", at(0.9)},
                                 {"p99", at(0.99)},
                                 {"p99_9", at(0.999)},
                                 {"most", core::to_ms(result.latencies.max())},
                                 {"mean", core::to_ms(result.latencies.mean())}}},
                               {"most_waiting", result.most_waiting},
                               {"never_sent", result.never_sent},
                               {"connections", result.connections},
                               {"body_bytes", result.bytes},
                               {"wire_sent", result.wire_sent},
                               {"wire_received", result.wire_received},
                               {"sends", result.sends},
                               {"reads", result.reads},
                               {"asked_again", result.asked_again},
                               {"gave_up", result.gave_up},
                               {"threads", result.threads},
                               {"client_share", result.client_share()},
                               {"client_ns_a_request", client_ns(result)}};
  put_line(document.dump(core::Json::Order::as_inserted));
}

Exit run_load(LoadArguments arguments) {
  web::LoadOptions& options = arguments.options;
  if (const auto read = read_request(arguments.asked); !read) return report_error(read.error());
  options.request = arguments.asked.request;
  if (arguments.rate != 0) options.rate = arguments.rate;
  core::StopSignal stop;
  Progress progress;
  const auto result = web::load(options, [&](const web::LoadProgress& now) {
    if (options.duration) {
      const auto whole = options.warm_up + *options.duration;
      const auto seconds = [](core::Micros time) { return static_cast<std::uint64_t>(time.count()) / 1'000'000; };
      progress.show_count(seconds(std::min(now.since_begin, whole)), seconds(whole + core::Micros(999'999)), "second");
    } else {
      progress.show_count(now.done, options.requests, "request");
    }
    return !stop.stopped();
  });
  progress.clear();
  if (!result) return report_error(result.error());
  if (arguments.json) {
    show_json(*result);
  } else {
    show(*result, options.rate.has_value());
  }
  return result->failed() == 0 && result->never_sent == 0 && result->gave_up.empty() ? Exit::ok : Exit::found;
}

}  // namespace

void add_h2_load(const Verb& h2, Action& chosen) {
  const Verb verb = h2.add_subcommand("load", "Load a server of HTTP/2, and say how fast it answers");
  verb.footer(
      "Example:\n  uncork h2 load -c 10 -m 100 -n 1000000 http://127.0.0.1:8080/\n  uncork h2 load -c 50 -m 10 --rate 20000 "
      "--for 30s "
      "https://test.example.org/\n"
      "Load only servers that are yours. Addresses of http are asked in HTTP/2 with prior knowledge; certificates are not looked "
      "at.\n"
      "Exit code 0 when every request was answered with 2xx or 3xx, 1 when one was not, 3 when no connection could be made.");
  const auto arguments = std::make_shared<LoadArguments>();
  web::LoadOptions& options = arguments->options;
  verb.add_option("URL", options.url, "What to ask for").required();
  add_count(verb, "-c,--connections", options.connections, 1, 100'000, "Make N connections");
  add_count(verb, "-m,--streams", options.streams, 1, 10'000, "Keep N requests under way on each, if the server allows so many");
  const Option count = add_count(verb, "-n,--requests", options.requests, 1, 1'000'000'000'000, "Send N requests");
  add_duration(verb, "--for", options.duration, "Send requests for this long instead", Zero::refused).excludes(count);
  add_duration(verb, "--warm-up", options.warm_up, "Leave what comes before this time out of the figures");
  add_real(verb, "--rate", arguments->rate, 0, 100'000'000, "N",
           "Let N requests a second become due, whatever becomes of those before; 0: the next one when one is answered");
  add_count(verb, "--threads", options.threads, 1, 256, "Use N threads, each with its part of the connections");
  add_request_options(verb, arguments->asked);
  add_duration(verb, "--timeout", options.timeout, "Give a request up after this time", Zero::refused);
  verb.add_flag("--json", arguments->json, "Print JSON");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_load(*arguments); }; });
}

}  // namespace uncork::cli
