// uncork recv: what TCP connections bring, into a file or into nothing.

#include <cstdio>
#include <memory>
#include <string>

#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/verb.hpp"
#include "core/json.hpp"
#include "lab/transmit/file_receiver.hpp"
#include "lab/transmit/transfer_report.hpp"

namespace uncork::cli {
namespace {

struct RecvArguments {
  lab::ReceiveOptions options;
  bool json = false;
};

void show(const core::Json& document) {
  put_line(document.dump());
  flush();  // programs wait for the line that names the port
}

void show(const std::string& line) {
  print("{}\n", line);
  flush();
}

Exit run_recv(const RecvArguments& arguments) {
  Progress progress;
  Exit exit = Exit::ok;
  lab::ReceiveObserver observer;
  observer.on_listening = [&](const core::Endpoint& at) {
    const std::string address = core::to_string(at);
    if (arguments.json) return show(core::Json{{"type", "listening"}, {"address", address}});
    show("listening on " + address);
  };
  observer.on_progress = [&](std::uint64_t bytes) {
    if (bytes == 0) progress.restart();
    progress.show(bytes, 0);
  };
  observer.on_end = [&](const lab::ReceiveSummary& summary) {
    progress.clear();
    progress.restart();
    if (arguments.json) {
      show(lab::received_json(summary));
    } else {
      show(lab::received_line(summary));
    }
    if (summary.error) exit = report_error(*summary.error);
    if (summary.interrupted) exit = Exit::not_possible;
  };
  const auto received = lab::receive_files(arguments.options, observer);
  return received ? exit : report_error(received.error());
}

}  // namespace

void add_recv(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("recv", "Receive what TCP connections bring, into a file or only to count it");
  verb.footer(
      "Example:\n  uncork recv --listen 127.0.0.1:9000 --out copy.pdf\n"
      "Ctrl-C ends it. Exit code 3 when Ctrl-C, a reset or a full disk cut a connection short.");
  const auto arguments = std::make_shared<RecvArguments>();
  lab::ReceiveOptions& options = arguments->options;
  add_endpoint(verb, "--listen", options.listen, "Accept connections on this address; port 0 picks a free one").required();
  verb.add_option("--out", options.out, "Write the first connection to this file, which must not exist, and end after it")
      .type_name("FILE");
  verb.add_flag_callback("--force", [&options] { options.existing = lab::Existing::overwrite; }, "Overwrite --out if it exists");
  verb.add_flag("--once", options.once, "End after the first connection");
  verb.add_flag_callback(
      "--allow-remote", [&options] { options.reach = lab::Reach::anyone; },
      "Let --listen be an address that other machines reach");
  verb.add_flag("--json", arguments->json, "Print NDJSON on standard output: a listening line, then one line per connection");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_recv(*arguments); }; });
}

}  // namespace uncork::cli
