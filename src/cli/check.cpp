// uncork check: a test suite over a loopback with a round trip, and what its services lost there.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "check/check.hpp"
#include "cli/output.hpp"
#include "cli/verb.hpp"
#include "command/command.hpp"
#include "core/count.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "core/syscall.hpp"
#include "report/junit.hpp"
#include "report/verdict_json.hpp"
#include "report/verdict_text.hpp"

namespace uncork::cli {
namespace {

struct CheckArguments {
  check::CheckOptions options;
  std::filesystem::path junit;
  bool json = false;
};

std::string link_text(const check::CheckOptions& options) {
  if (options.round_trip.count() == 0 && options.loss == 0) return "plain loopback";
  const std::string loss = options.loss == 0 ? "" : fmt::format(" and a loss of {:g} %", 100 * options.loss);
  return "a round trip of " + core::to_string(options.round_trip) + loss;
}

std::string failure_line(const check::Judgement& one) {
  return fmt::format("{} lost {} an exchange: {}", check::name_of(one.service.key), core::to_string(one.an_exchange),
                     report::phrase(one.verdict.cause));
}

std::string failure_text(const check::Judgement& one) {
  return fmt::format("{}\n{}over      {}\n", failure_line(one), report::verdict_text(one.verdict),
                     core::count_of(one.service.connections, "connection"));
}

core::Json service_json(const check::Judgement& one) {
  core::Json json = report::verdict_json(one.verdict, "service");
  const check::ServiceKey& key = one.service.key;
  json.update({{"program", key.program},
               {"role", key.role == check::Role::server ? "server" : "client"},
               {"port", key.port == 0 ? core::Json() : core::Json(key.port)},
               {"connections", one.service.connections},
               {"lost_an_exchange_ms", core::to_ms(one.an_exchange)},
               {"failed", one.failed}});
  return json;
}

void say_json(const check::CheckOptions& options, const check::CheckReport& report) {
  std::string lines;
  for (const check::Judgement& one : report.services) lines += report::json_line(service_json(one));
  const core::Json summary = {{"type", "summary"},
                              {"command", options.command},
                              {"command_exit", report.command_exit},
                              {"took_ms", core::to_ms(report.took)},
                              {"round_trip_ms", core::to_ms(options.round_trip)},
                              {"loss", options.loss},
                              {"limit_ms", core::to_ms(report.limit)},
                              {"services", report.services.size()},
                              {"failed", report.failed()},
                              {"confidence", stall::name(report.confidence)},
                              {"notes", report.notes},
                              {"limits", report.limits}};
  put_error(lines + report::json_line(summary));
}

void say_report(const check::CheckOptions& options, const check::CheckReport& report) {
  std::string page;
  for (const check::Judgement& one : report.services) {
    if (one.failed) page += failure_text(one) + "\n";
  }
  for (const std::string& note : report.notes) page += fmt::format("uncork check: {}\n", note);
  page += fmt::format("uncork check: {} over {}; {} lost more than {} an exchange{}\n",
                      core::count_of(report.services.size(), "service"), link_text(options),
                      report.failed() == 0 ? "none" : std::to_string(report.failed()), core::to_string(report.limit),
                      report.command_exit == 0 ? "" : fmt::format("; the command failed: exit code {}", report.command_exit));
  say_page("\n" + page);
}

report::JunitSuite junit_of(const check::CheckOptions& options, const check::CheckReport& report) {
  report::JunitSuite suite{.name = "uncork check", .took = report.took, .properties = {}, .cases = {}};
  suite.properties = {{"command", fmt::format("{}", fmt::join(options.command, " "))},
                      {"command exit code", std::to_string(report.command_exit)},
                      {"link", link_text(options)},
                      {"limit an exchange", core::to_string(report.limit)}};
  for (const std::string& note : report.notes) suite.properties.emplace_back("note", note);
  for (const check::Judgement& one : report.services) {
    report::JunitCase result{check::name_of(one.service.key), one.verdict.account.budget.busy(), {}};
    if (one.failed) result.failure = {std::string(stall::name(one.verdict.cause)), failure_line(one), failure_text(one)};
    suite.cases.push_back(std::move(result));
  }
  return suite;
}

core::Status write_all(const core::Fd& file, std::string_view text) {
  while (!text.empty()) {
    const auto wrote = core::checked("write the JUnit file", [&] { return ::write(file.get(), text.data(), text.size()); });
    if (!wrote) return core::fail(wrote.error());
    text.remove_prefix(static_cast<std::size_t>(*wrote));
  }
  return {};
}

Exit run_check(const CheckArguments& arguments) {
  core::Fd junit;
  if (!arguments.junit.empty()) {  // before the suite runs for an hour
    auto opened = core::open_file(arguments.junit, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    if (!opened) return report_error(opened.error());
    junit = std::move(*opened);
  }
  const auto report = check::run_check(arguments.options);
  if (!report) return report_error(report.error());
  if (report->not_begun) {
    report_error(*report->not_begun);
    return passed_on(report->command_exit);
  }
  if (arguments.json) {
    say_json(arguments.options, *report);
  } else {
    say_report(arguments.options, *report);
  }
  if (junit) {
    if (auto wrote = write_all(junit, report::junit_xml(junit_of(arguments.options, *report))); !wrote) {
      const Exit exit = report_error(wrote.error());
      if (report->command_exit == 0) return exit;
    }
  }
  if (report->command_exit != 0) return passed_on(report->command_exit);
  return report->failed() == 0 ? Exit::ok : Exit::found;
}

constexpr const char* kFooter =
    "The command's output, input and exit code pass through; what uncork says goes to standard error. When the command "
    "succeeds,\n"
    "the exit code is 1 if a service lost more than the limit. The command sees no network but its own 127.0.0.1 and ::1.\n\n"
    "Example:\n"
    "  uncork check --junit stalls.xml -- python3 -m pytest tests/";

}  // namespace

void add_check(const Verb& program, Action& chosen) {
  const auto arguments = std::make_shared<CheckArguments>();
  const Verb verb =
      program.add_subcommand("check", "Run a test suite on a loopback with a round trip: fail if its services stall");
  add_duration(verb, "--rtt", arguments->options.round_trip,
               "Give connections to 127.0.0.1 this round trip; 0ms is plain loopback (default 1ms)");
  add_real(verb, "--loss", arguments->options.loss, 0, 1, "SHARE", "Lose this share of the packets, 0 to 1");
  add_duration(verb, "--limit", arguments->options.limit,
               "Fail a service that lost more than this an exchange, in the mean (default: a quarter of --rtt, 5ms at most)");
  verb.add_option("--junit", arguments->junit, "Write a JUnit file: a test case for each service, its verdict as the failure")
      .type_name("FILE");
  verb.add_flag("--json", arguments->json, "Print NDJSON on standard error: a line for each service, and a summary line");
  verb.add_command(arguments->options.command, "Run this program with these arguments; put them after --", Verb::Dashes::optional)
      .required();
  verb.footer(kFooter);
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_check(*arguments); }; });
}

}  // namespace uncork::cli
