// uncork h2 get: fetches addresses over HTTP/2, many at once, and says where the time of each went.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/h2/get_bodies.hpp"
#include "cli/h2/get_timing.hpp"
#include "cli/h2/parts.hpp"
#include "cli/h2/request_options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "core/json.hpp"
#include "core/stop_signal.hpp"
#include "core/syscall.hpp"
#include "web/get/get.hpp"

namespace uncork::cli {
namespace {

constexpr std::size_t kMostWaiting = std::size_t{64} * 1024 * 1024;

struct GetArguments {
  web::GetOptions options;
  RequestArguments asked;
  std::filesystem::path output;
  std::filesystem::path folder;
  bool timing = false;
  bool json = false;
};

core::Result<std::unique_ptr<Bodies>> bodies_for(const GetArguments& arguments) {
  const auto& urls = arguments.options.urls;
  if (!arguments.output.empty()) {
    if (urls.size() == 1) return bodies_in_files({arguments.output});
    return core::fail(core::invalid_argument("--output is one file, and there are several URLs; use --into DIR"));
  }
  if (!arguments.folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(arguments.folder, error);
    if (error) return core::fail(core::system_error("create " + arguments.folder.string(), error.value()));
    return bodies_in_files(file_names(urls, arguments.folder));
  }
  if (arguments.json) return no_bodies();
  return bodies_in_order(urls.size(), kMostWaiting);
}

core::Json to_json(const std::string& url, const web::Fetched& one) {
  core::Json line = {{"type", "answer"}, {"url", url}, {"status", one.status}, {"bytes", one.bytes}};
  if (!one.content_type.empty()) line["content_type"] = one.content_type;
  if (!one.error.empty()) line["error"] = one.error;
  if (one.local.port != 0) {
    line["local"] = core::to_string(one.local);
    line["remote"] = core::to_string(one.remote);
  }
  line["timing"] = timing_json(one);
  return line;
}

Exit outcome_of(const std::vector<web::Fetched>& all) {
  if (std::ranges::any_of(all, [](const auto& one) { return !one.error.empty() || one.status == 0; })) return Exit::not_possible;
  return std::ranges::any_of(all, [](const auto& one) { return one.status >= 400; }) ? Exit::found : Exit::ok;
}

Exit run_get(GetArguments arguments) {
  if (const auto read = read_request(arguments.asked); !read) return report_error(read.error());
  arguments.options.request = arguments.asked.request;
  const auto bodies = bodies_for(arguments);
  if (!bodies) return report_error(bodies.error());
  core::StopSignal stop;
  std::optional<GetLedger> ledger;
  if (arguments.timing) {
    auto begun = GetLedger::begin();
    if (begun) {
      ledger.emplace(std::move(*begun));
    } else {
      say("uncork h2 get: no connection can be watched: {}\n", begun.error().message);
    }
  }
  const auto& urls = arguments.options.urls;
  const bool shows_progress = arguments.json || !arguments.output.empty() || !arguments.folder.empty() || terminal_width(1) == 0;
  Progress progress;
  core::Status looked;
  const web::GetObserver observer{
      .on_body = [&](std::size_t index, std::span<const std::byte> bytes) { return (*bodies)->take(index, bytes); },
      .on_done =
          [&](const web::Fetched& one) {
            progress.clear();
            const bool is_kept = (*bodies)->end(one.index, one.error.empty());
            if (arguments.json) put_line(to_json(urls[one.index], one).dump(core::Json::Order::as_inserted));
            const std::string& problem = (*bodies)->problem();
            if (!is_kept) say("uncork h2 get: {}: {}\n", urls[one.index], problem);
            if (one.error.empty()) {
              if (one.status >= 400) say("uncork h2 get: {}: status {}\n", urls[one.index], one.status);
            } else {
              say("uncork h2 get: {}: {}{}\n", urls[one.index], one.error, problem.empty() ? "" : ": " + problem);
            }
          },
      .on_progress =
          [&](std::uint64_t bytes, std::size_t done) {
            if (ledger && looked) looked = ledger->look();
            if (shows_progress && urls.size() == 1) progress.show(bytes, 0);
            if (shows_progress && urls.size() > 1) progress.show_count(done, urls.size(), "answer");
            return !stop.stopped();
          }};
  const auto all = web::get(arguments.options, observer);
  progress.clear();
  if (!all) return report_error(all.error());
  flush();
  if (ledger && looked) looked = ledger->look();
  if (arguments.timing && arguments.json) {
    if (ledger) put_line(ledger->json(*all).dump(core::Json::Order::as_inserted));
  } else if (arguments.timing) {
    // Behind the bodies on standard output nobody could tell it from them.
    const auto width = static_cast<std::size_t>(terminal_width(2));
    put_error(timing_table(urls, *all, width));
    if (ledger) put_error("\n" + ledger->text(*all));
  }
  if (!looked) report_error(looked.error());
  return outcome_of(*all);
}

}  // namespace

void add_h2_get(const Verb& h2, Action& chosen) {
  const Verb verb = h2.add_subcommand("get", "Fetch addresses over HTTP/2, many at once, and say where the time went");
  verb.footer(
      "Example:\n  uncork h2 get --timing https://example.org/\n  uncork h2 get --into pages http://127.0.0.1:8080/a "
      "http://127.0.0.1:8080/b\n"
      "Addresses of http are asked in HTTP/2 with prior knowledge. Redirections are not followed.\n"
      "Exit code 0 when every answer came as a whole and none was an error, 1 when a status was 400 or more, 3 when an answer "
      "did "
      "not come.");
  const auto arguments = std::make_shared<GetArguments>();
  web::GetOptions& options = arguments->options;
  verb.add_option("URL", options.urls, "What to fetch; bodies go to standard output in this order").required();
  const Option output = verb.add_option("-o,--output", arguments->output, "Write the body to this file").type_name("FILE");
  verb.add_option("--into", arguments->folder, "Write each body to a file of its own in this folder")
      .type_name("DIR")
      .excludes(output);
  add_request_options(verb, arguments->asked);
  add_count(verb, "--parallel", options.parallel, 1, 10'000, "Keep N requests under way at once");
  const Option insecure = verb.add_flag("--insecure", options.insecure, "Take whatever certificate the server has");
  verb.add_option("--ca", options.authorities, "Trust the roots in this PEM file, not the system's")
      .type_name("FILE")
      .excludes(insecure);
  add_duration(verb, "--timeout", options.timeout, "Give a request up after so long without a byte of its answer", Zero::refused);
  verb.add_flag("--timing", arguments->timing,
                "Print on standard error where the time of each request went, and what was lost on its connection");
  verb.add_flag("--json", arguments->json, "Print a JSON line an answer instead of the bodies; files are written all the same");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_get(*arguments); }; });
}

}  // namespace uncork::cli
