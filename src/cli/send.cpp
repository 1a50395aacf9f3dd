// uncork send: one file over one connection, in the fewest segments.

#include <memory>

#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/verb.hpp"
#include "core/json.hpp"
#include "lab/transmit/file_sender.hpp"
#include "lab/transmit/transfer_report.hpp"

namespace uncork::cli {
namespace {

struct SendArguments {
  lab::SendOptions options;
  bool json = false;
};

Exit run_send(const SendArguments& arguments) {
  Progress progress;
  const auto sent =
      lab::send_file(arguments.options, [&](std::uint64_t done, std::uint64_t expected) { progress.show(done, expected); });
  progress.clear();
  if (!sent) return report_error(sent.error());
  if (arguments.json) {
    put_line(lab::sent_json(*sent).dump());
  } else {
    print("{}\n", lab::sent_line(*sent));
  }
  return sent->interrupted ? Exit::not_possible : Exit::ok;
}

}  // namespace

void add_send(const Verb& program, Action& chosen) {
  const Verb verb = program.add_subcommand("send", "Send a file over TCP in the fewest segments, and count them");
  verb.footer(
      "Example:\n  uncork send report.pdf --to 127.0.0.1:9000\n"
      "Run `uncork recv --listen 127.0.0.1:9000 --out copy.pdf` at the other end. Ctrl-C ends the transfer with exit code 3.");
  const auto arguments = std::make_shared<SendArguments>();
  verb.add_option("file", arguments->options.file, "File to send; - is standard input").type_name("FILE").required();
  add_endpoint(verb, "--to", arguments->options.to, "Connect to this address").type_name("ADDRESS").required();
  verb.add_option("--head", arguments->options.head, "Send this before the file").type_name("TEXT");
  verb.add_option("--tail", arguments->options.tail, "Send this after it").type_name("TEXT");
  verb.add_flag("--json", arguments->json, "Print one JSON document at the end");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_send(*arguments); }; });
}

}  // namespace uncork::cli
