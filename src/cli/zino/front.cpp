// uncork zino front: ends the round trips of clients that nobody changes.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/output.hpp"
#include "cli/zino/log_line.hpp"
#include "cli/zino/parts.hpp"
#include "core/count.hpp"
#include "core/json.hpp"
#include "zino/front/front.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::cli {
namespace {

struct FrontArguments {
  zino::FrontOptions options;
  std::string connect;
  bool json = false;
};

void show_summary(const zino::FrontSummary& summary, bool json) {
  if (json) {
    const core::Json document = {{"clients", summary.clients},
                                 {"passed_through", summary.passed_through},
                                 {"answered_ahead", summary.ahead.used},
                                 {"expired", summary.ahead.expired},
                                 {"dropped", summary.ahead.dropped}};
    put_line(document.dump());
    return;
  }
  print("{}; {} passed through, {} answered ahead; answers unused: {} expired, {} dropped\n",
        core::count_of(summary.clients, "client"), core::count_of(summary.passed_through, "command"), summary.ahead.used,
        summary.ahead.expired, summary.ahead.dropped);
}

Exit run_front(const FrontArguments& arguments) {
  const auto summary = zino::run_front(arguments.options, [](const zino::Listening& at) {
    print("listening on {}, notifications on {}\n", core::to_string(at.commands), core::to_string(at.notifications));
    flush();
  });
  if (!summary) return report_error(summary.error());
  show_summary(*summary, arguments.json);
  return Exit::ok;
}

}  // namespace

void add_zino_front(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("front", "Stand near unchanged clients and end the round trips of their listings");
  verb.footer(
      "Example:\n  uncork zino front --connect zino.example.org\n"
      "Point the clients at this machine. Ctrl-C or SIGTERM ends it and prints what it did.");
  const auto arguments = std::make_shared<FrontArguments>();
  zino::FrontOptions& options = arguments->options;
  options.log = [](const std::string& line) { log_line(line); };
  add_server(verb, "--connect", options.host, options.port, "Connect to this Zino server").required();
  add_port(verb, "--connect-notify", options.notify_port, "Use this port of it for notifications", Zero::refused);
  verb.add_option("--listen", options.listen, "Listen on this address, IPv4 or IPv6; may be repeated")
      .type_name("ADDRESS")
      .take_all()
      .default_str("127.0.0.1");
  add_port(verb, "--port", options.listen_port, "Use this port for commands; 0 picks a free one", Zero::allowed);
  add_port(verb, "--notify-port", options.listen_notify_port, "Use this port for notifications; 0 picks a free one",
           Zero::allowed);
  add_count(verb, "--ahead", options.ahead, 1, 10000, "Ask at most N questions ahead at a time, for each client");
  add_count(verb, "--max-connections", options.max_connections, 1, 1000000, "Accept at most N clients on both ports together");
  verb.add_flag("--json", arguments->json, "Print the summary at the end as JSON");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_front(*arguments); }; });
}

}  // namespace uncork::cli
