// uncork lab coalesce: what gathering the writes of a turn buys.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/lab.hpp"
#include "cli/output.hpp"
#include "core/stop_signal.hpp"
#include "lab/coalesce/answer_server.hpp"
#include "lab/coalesce/coalesce.hpp"
#include "probe/open_source.hpp"

namespace uncork::cli {
namespace {

struct CoalesceArguments {
  lab::CoalesceOptions options;
  bool json = false;
};

Exit run_scenario(const CoalesceArguments& arguments) {
  core::StopSignal stop;
  const auto opened = probe::open_source({});
  if (!opened) return report_error(opened.error());
  if (!arguments.json) {
    print_page(
        fmt::format("A server answers each request with {} messages of {} bytes, ready in one turn of its event loop; a blocking "
                    "client reads them all and asks again. A lone message is the answer to a request for one. Then two servers "
                    "answer small requests in one to four writes, {} at once or one by one, plain and gathered.\n\n",
                    arguments.options.messages, lab::kMessageBytes, lab::kPipelined));
    flush();
  }
  const bool progress = terminal_width(2) > 0;
  const unsigned rounds = arguments.options.rounds;
  const auto result = lab::run_coalesce(arguments.options, *opened->source, [&](unsigned round) {
    if (progress) {
      const std::string after = round == rounds ? "lone messages" : "answers";
      say("\r\x1b[K{}", round < rounds ? fmt::format("round {} of {}", round + 1, rounds) : after);
    }
    return !stop.stopped();
  });
  if (progress) say("\r\x1b[K");
  if (!result) return report_error(result.error());
  if (arguments.json) {
    put_line(lab::coalesce_json(*result).dump());
  } else {
    print_page(lab::coalesce_text(*result));
  }
  if (!opened->why_sampled.empty()) {
    say("uncork lab: sends and holds are not counted, since the kernel's witness is unavailable: {}\n", opened->why_sampled);
  }
  return lab::all_passed(result->criteria) ? Exit::ok : Exit::found;
}

/// The server under test, run by the lab as a process of its own.
void add_message_server(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("message-server", "");
  verb.hide();  // not for people: left out of the help
  const auto options = std::make_shared<lab::MessageServerOptions>();
  add_endpoint(verb, "--listen", options->listen, "").required();
  add_choice<lab::MessageWrites>(verb, "--writes", options->writes,
                                 {{"nagle", lab::MessageWrites::nagle},
                                  {"nodelay", lab::MessageWrites::nodelay},
                                  {"msg_more", lab::MessageWrites::msg_more},
                                  {"coalesced", lab::MessageWrites::coalesced}},
                                 "");
  add_choice<lab::Transport>(verb, "--transport", options->transport,
                             {{"tcp", lab::Transport::tcp}, {"tls", lab::Transport::tls}}, "");
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto served = lab::run_message_server(*options, [](const core::Endpoint& at) {
        print("listening on {}\n", core::to_string(at));
        flush();
      });
      return served ? Exit::ok : report_error(served.error());
    };
  });
}

/// The same for answers.
void add_answer_server(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("answer-server", "");
  verb.hide();
  const auto options = std::make_shared<lab::AnswerServerOptions>();
  add_endpoint(verb, "--listen", options->listen, "").required();
  add_choice<lab::AnswerProtocol>(verb, "--protocol", options->protocol,
                                  {{"redis", lab::AnswerProtocol::redis}, {"http", lab::AnswerProtocol::http}}, "");
  add_choice<lab::MessageWrites>(verb, "--writes", options->writes,
                                 {{"nodelay", lab::MessageWrites::nodelay}, {"coalesced", lab::MessageWrites::coalesced}}, "");
  verb.callback([options, &chosen] {
    chosen = [options] {
      const auto served = lab::run_answer_server(*options, [](const core::Endpoint& at) {
        print("listening on {}\n", core::to_string(at));
        flush();
      });
      return served ? Exit::ok : report_error(served.error());
    };
  });
}

}  // namespace

void add_lab_coalesce(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("coalesce", "Send many small messages per turn, one by one or gathered, over TCP and TLS");
  verb.footer(
      "Example:\n  uncork lab coalesce --messages 20\n\n"
      "Exit code 0 when every criterion was measured and met, 1 when one was not.");
  const auto arguments = std::make_shared<CoalesceArguments>();
  add_count(verb, "--messages", arguments->options.messages, 2, 10'000, "Send N messages per turn");
  add_count(verb, "--rounds", arguments->options.rounds, 3, 1000, "Measure every cell in each of N rounds");
  verb.add_flag("--json", arguments->json, "Print one JSON document at the end");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_scenario(*arguments); }; });
  add_message_server(lab, chosen);
  add_answer_server(lab, chosen);
}

}  // namespace uncork::cli
