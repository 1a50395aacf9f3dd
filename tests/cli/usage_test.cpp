// What a user who mistypes is told, what help says, and that the documents say the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "tests/cli/program.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::cli {
namespace {

using ::testing::AllOf;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::run_program;

const std::vector<std::string> kVerbs = {"watch", "why",  "sockets", "collect", "top",  "show", "query",  "lab",
                                         "check", "cure", "run",     "proxy",   "send", "recv", "doctor", "verify"};
const std::vector<std::string> kScenarios = {"chatty", "churn",  "coalesce", "field", "heartbeat",
                                             "http2",  "stress", "transmit", "zino"};

TEST(Usage, an_unknown_verb_is_an_error_that_suggests_the_nearest) {
  const Finished finished = run_program({"wacth"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_THAT(finished.err, HasSubstr("no verb 'wacth'; did you mean 'watch'?"));
}

TEST(Usage, an_unknown_word_anywhere_is_an_error_that_suggests_the_nearest_and_names_the_help_of_its_own_verb) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> kUnknown = {
      {{"nosuch", "--help"}, "uncork: no verb 'nosuch'\nuncork: see 'uncork --help'\n"},
      {{"wacth", "--help"}, "uncork: no verb 'wacth'; did you mean 'watch'?\nuncork: see 'uncork --help'\n"},
      {{"--jsno"}, "uncork: no option '--jsno'\nuncork: see 'uncork --help'\n"},
      {{"watch", "--prot", "80"},
       "uncork watch: no option '--prot'; did you mean '--port'?\nuncork: see 'uncork watch --help'\n"},
      {{"watch", "--prot=80"},
       "uncork watch: no option '--prot=80'; did you mean '--port'?\nuncork: see 'uncork watch --help'\n"},
      {{"cure", "--pdi", "1"}, "uncork cure: no option '--pdi'; did you mean '--pid'?\nuncork: see 'uncork cure --help'\n"},
      {{"doctor", "now"}, "uncork doctor: no argument 'now'\nuncork: see 'uncork doctor --help'\n"},
      {{"lab", "chaty"}, "uncork lab: no verb 'chaty'; did you mean 'chatty'?\nuncork: see 'uncork lab --help'\n"},
      {{"zino", "pm", "lits"}, "uncork zino pm: no verb 'lits'; did you mean 'list'?\nuncork: see 'uncork zino pm --help'\n"},
      {{"zino", "pm", "lits", "--help"},
       "uncork zino pm: no verb 'lits'; did you mean 'list'?\nuncork: see 'uncork zino pm --help'\n"},
      {{"zino", "pm", "add", "--from", "+1h"}, "see 'uncork zino pm add --help'\n"},
      {{"run", "python3", "-c", "pass"},
       "uncork run: no option '-c'; an option of the command goes behind --: uncork run -- COMMAND -c\n"
       "uncork: see 'uncork run --help'\n"},
      {{"check", "make", "--directory", "x"},
       "uncork check: no option '--directory'; an option of the command goes behind --: uncork check -- COMMAND --directory\n"
       "uncork: see 'uncork check --help'\n"},
      {{"watch", "--comn", "nginx"},
       "uncork watch: no option '--comn'; did you mean '--comm'?\nuncork: see 'uncork watch --help'\n"},
      {{"watch", "python3", "-c", "pass"},
       "uncork watch: no option '-c'; an option of the command goes behind --: uncork watch -- COMMAND -c\n"
       "uncork: see 'uncork watch --help'\n"},
      {{"check", "pytest", "--junitxml", "x"},
       "uncork check: no option '--junitxml'; did you mean '--junit'? An option of the command goes behind --: uncork check -- "
       "COMMAND --junitxml\nuncork: see 'uncork check --help'\n"},
      {{"watch", "nginx"},
       "uncork: 'nginx': a command goes behind --, and what is running is chosen by an option, such as --comm\n"
       "uncork: see 'uncork watch --help'\n"},
  };
  for (const auto& [arguments, why] : kUnknown) {
    const Finished finished = run_program(arguments);
    EXPECT_EQ(finished.exit, 2) << why;
    EXPECT_THAT(finished.err, ::testing::EndsWith(why));
    EXPECT_THAT(finished.out, IsEmpty()) << why;
  }
}

TEST(Usage, one_kind_of_argument_is_refused_alike_by_every_verb) {
  const std::string pid = "--pid '0': a process id is a number from 1 to 4194304";
  const std::string port = "a port is a number from 1 to 65535";
  const std::string nothing = "'0s': give a time longer than 0";
  const std::vector<std::pair<std::vector<std::string>, std::string>> kBad = {
      {{"watch", "--pid", "0"}, pid},
      {{"cure", "--pid", "0"}, pid},
      {{"watch", "--port", "0"}, "--port '0': " + port},
      {{"cure", "--pid", "1", "--port", "0"}, "--port '0': " + port},
      {{"zino", "watch", "--notify-port", "0"}, "--notify-port '0': " + port},
      {{"zino", "front", "--connect", "h", "--port", "70000"}, "a port is a number from 0 to 65535"},
      {{"watch", "--for", "0s"}, "--for " + nothing},
      {{"cure", "--pid", "1", "--watch", "--for", "0s"}, "--for " + nothing},
      {{"zino", "list", "--timeout", "0s"}, "--timeout " + nothing},
      {{"watch", "--top", "-3"}, "--top '-3': must be a number from 1 to 1000000"},
      {{"lab", "--exchanges", "4"}, "--exchanges '4': must be a number from 5 to 100000"},
      {{"zino", "fetch", "--all", "--pipeline", "x"}, "--pipeline 'x': must be a number from 1 to 10000"},
      {{"watch", "--min-share", "101"}, "--min-share '101': must be a number from 0 to 100"},
      {{"lab", "heartbeat", "--scale", "nan"}, "--scale 'nan': must be a number from 0.05 to 1"},
      {{"proxy", "--listen", ":0", "--connect", ":1", "--nagle", "maybe"}, "--nagle 'maybe': accepted: on|off"},
      {{"zino", "serve", "--state", "s", "--secrets", "s", "--nagle", "maybe"}, "--nagle 'maybe': accepted: on|off"},
      {{"proxy", "--listen", ":0", "--connect", ":1", "--delay", "20"}, "--delay '20': no unit"},
      {{"proxy", "--listen", ":0", "--connect", ":1", "--delay", "1ms", "--delay-ms", "1"}, "--delay excludes --delay-ms"},
      {{"lab", "zino", "--proxy-delay", "15"}, "--proxy-delay '15': no unit"},
  };
  for (const auto& [arguments, why] : kBad) {
    const Finished finished = run_program(arguments);
    EXPECT_EQ(finished.exit, 2) << why;
    EXPECT_THAT(finished.err, HasSubstr(why));
  }
}

TEST(Usage, a_state_file_in_a_folder_that_is_not_there_is_a_slip_of_the_pen) {
  const cure::testing::ScratchDirectory folder;
  const std::string state = folder.path() + "/not-made/state.json";
  const Finished finished = run_program({"zino", "serve", "--state", state, "--secrets", "s"});
  EXPECT_EQ(finished.exit, 2);
  EXPECT_EQ(finished.err, "uncork: --state '" + state + "': there is no folder " + folder.path() + "/not-made\n");
}

TEST(Usage, no_verb_at_all_is_an_error) { EXPECT_EQ(run_program({}).exit, 2); }

TEST(Usage, bad_arguments_are_named_with_the_reason_and_what_is_accepted) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> kBad = {
      {{"watch", "--for", "10"}, "--for '10': no unit"},
      {{"watch", "--port", "0"}, "a port is a number from 1 to 65535"},
      {{"watch", "--port", "http"}, "a port is a number from 1 to 65535"},
      {{"watch", "--pid", "-4"}, "--pid"},
      {{"watch", "--remote", "example.org"}, "--remote: "},
      {{"watch", "--side", "both"}, "--side 'both': accepted: server|client"},
      {{"watch", "--cause", "gremlins"}, "--cause 'gremlins': accepted: nagle_delayed_ack|"},
      {{"watch", "--cause", "idle"}, "--cause 'idle': accepted: nagle_delayed_ack|"},
      {{"watch", "--filter", "lost > 1"}, "--filter: column 8: lost: "},
      {{"watch", "--filter", "rwnd > 1"}, "a watch does not know 'rwnd'"},
      {{"watch", "--cgroup", "/a", "--container", "b"}, "--cgroup and --container: one of the two"},
      {{"watch", "--tree"}, "--tree: only with --pid"},
      {{"top", "--since", "yesterday"}, "--since 'yesterday': not a time; give a time of day such as 14:03"},
      {{"top", "--at", "14:03", "--since", "10m"}, "--since excludes --at"},
      {{"top", "--since", "1m", "--until", "2m"}, "--since must be before --until"},
      {{"top", "--by", "port"}, "--by 'port': accepted: service|peer|container|process"},
      {{"show"}, "WHAT is required"},
      {{"show", "nginx"}, "WHAT 'nginx': accepted: a process by its number"},
      {{"query"}, "SQL is required"},
      {{"query", "SELECT 1", "--format", "xml"}, "--format 'xml': accepted: table|jsonl|csv|tsv"},
      {{"watch", "--for", "1s", "--", "true"}, "not with a command"},
      {{"watch", "--min-lost", "1parsec"}, "unknown unit 'parsec'"},
      {{"proxy", "--listen", "127.0.0.1", "--connect", "127.0.0.1:1"}, "no port"},
      {{"proxy", "--listen", "example.org:1", "--connect", "127.0.0.1:1"}, "names are not looked up"},
      {{"lab", "--exchanges", "1"}, "--exchanges"},
      {{"cure", "--pid", "x"}, "--pid"},
      {{"check"}, "COMMAND"},
      {{"check", "--rtt", "1", "--", "true"}, "--rtt '1': no unit"},
      {{"check", "--loss", "2", "--", "true"}, "--loss '2': must be a number from 0 to 1"},
      {{"send", "--to", "127.0.0.1:1"}, "file"},
      {{"send", "x", "--to", "127.0.0.1"}, "no port"},
      {{"recv", "--listen", "198.51.100.1:0"}, "--allow-remote"},
      {{"h2", "serve", "--listen", "127.0.0.1"}, "--listen address '127.0.0.1': no port"},
      {{"h2", "audit"}, "SERVER"},
      {{"h2", "get"}, "URL is required"},
      {{"h2", "load"}, "URL is required"},
      {{"h2", "load", "127.0.0.1:80"}, "URL '127.0.0.1:80': accepted: http://HOST[:PORT]/PATH"},
      {{"h2", "load", "http://127.0.0.1:1/", "-m", "0"}, "--streams"},
      {{"h2", "load", "http://127.0.0.1:1/", "-n", "10", "--for", "1s"}, "excludes"},
      {{"h2", "get", "ftp://127.0.0.1/"}, "URL 'ftp://127.0.0.1/': accepted: http://HOST[:PORT]/PATH"},
      {{"h2", "get", "http://a:b@127.0.0.1/"}, "accepted: http://HOST"},
      {{"h2", "get", "http://127.0.0.1:1/", "--header", "Connection: close"}, "HTTP/2 does not have it"},
      {{"h2", "get", "http://127.0.0.1:1/", "--header", "no colon"}, "--header 'no colon': accepted: NAME:VALUE"},
      {{"h2", "get", "http://127.0.0.1:1/", "http://127.0.0.1:1/", "-o", "/tmp/x"}, "use --into DIR"},
      {{"h2", "get", "https://127.0.0.1:1/", "--ca", "/no/roots"}, "roots to trust of /no/roots: "},
      {{"h2", "audit", "example.org:80"},
       "server 'example.org:80': it is not a port, nor an address with one; only a server on this"},
      {{"h2", "audit", "192.0.2.1:80"},
       "server '192.0.2.1:80': not a loopback address; only a server on this machine's loopback"},
      {{"h2", "audit", "[2001:db8::1]:80"}, "not a loopback address"},
      {{"h2", "audit", "70000"}, "server '70000': a port is a number from 1 to 65535"},
      {{"h2", "audit", "127.0.0.1:0"}, "a port is a number from 1 to 65535"},
      {{"h2", "audit", "8080", "--probe", "pong"}, "'pong' is no probe; give rapid-reset, "},
      {{"h2", "audit", "8080", "--path", "big"}, "'big' is no path: it begins with /"},
      {{"h2", "audit", "8080", "--stall-for", "0s"}, "--stall-for"},
      {{"h2", "serve", "--flush", "never"}, "--flush 'never': accepted: turn|response|frame|frame-more"},
      {{"h2", "serve", "--listen", "127.0.0.1:0", "--tls", "/no/cert", "/no/key"}, "certificate /no/cert: "},
  };
  for (const auto& [arguments, why] : kBad) {
    const Finished finished = run_program(arguments);
    EXPECT_EQ(finished.exit, 2) << why;
    EXPECT_THAT(finished.err, HasSubstr(why));
    EXPECT_THAT(finished.out, IsEmpty()) << why;
  }
}

TEST(Usage, a_process_or_namespace_that_is_not_there_is_not_possible_rather_than_misused) {
  const Finished process = run_program({"watch", "--pid", "4194301", "--for", "1s"});
  EXPECT_EQ(process.exit, 3);
  EXPECT_THAT(process.err, HasSubstr("no such process"));
  const Finished netns = run_program({"watch", "--netns", "no-such-namespace", "--for", "1s"});
  EXPECT_EQ(netns.exit, 3);
  EXPECT_THAT(netns.err, HasSubstr("no-such-namespace"));
}

TEST(Usage, help_of_every_verb_shows_an_example_and_stands_in_its_document) {
  for (const std::string& verb : kVerbs) {
    const Finished help = run_program({verb, "--help"});
    EXPECT_EQ(help.exit, 0) << verb;
    EXPECT_THAT(help.out, AllOf(HasSubstr("Example:"), HasSubstr("--json"))) << verb;
    EXPECT_THAT(testing::source_file("docs/" + verb + ".md"), HasSubstr("```\n" + help.out + "```\n")) << verb;
  }
}

TEST(Usage, the_columns_of_sockets_stand_in_its_document) {
  const Finished listed = run_program({"sockets", "--columns", "help"});
  EXPECT_EQ(listed.exit, 0);
  EXPECT_THAT(testing::source_file("docs/sockets.md"), HasSubstr("```\n" + listed.out + "```\n"));
}

TEST(Usage, a_wrong_filter_shows_the_place_and_what_was_expected) {
  const Finished option = run_program({"sockets", "--filter", "rtt > 1ms and dprot == 80"});
  EXPECT_EQ(option.exit, 2);
  EXPECT_EQ(option.err,
            "uncork: --filter: column 15: no field 'dprot'; did you mean 'dport'?\n"
            "  rtt > 1ms and dprot == 80\n"
            "                ^\n");
  const Finished words = run_program({"sockets", "state", "establishd"});
  EXPECT_EQ(words.exit, 2);
  EXPECT_THAT(words.err, HasSubstr("uncork: filter: column 7: expected a state"));
  const Finished state = run_program({"sockets", "--state", "lisening"});
  EXPECT_EQ(state.exit, 2);
  EXPECT_THAT(state.err, HasSubstr("did you mean 'listening'?"));
  const Finished column = run_program({"sockets", "--columns", "state,rt"});
  EXPECT_EQ(column.exit, 2);
  EXPECT_THAT(column.err, HasSubstr("--columns 'rt': no such field; did you mean 'rtt'?"));
  EXPECT_EQ(run_program({"sockets", "--for", "1s"}).exit, 2);
  EXPECT_EQ(run_program({"sockets", "--json", "--format", "csv"}).exit, 2);
}

TEST(Usage, help_of_every_scenario_shows_an_example_and_stands_in_the_labs_document) {
  for (const std::string& scenario : kScenarios) {
    const Finished help = run_program({"lab", scenario, "--help"});
    EXPECT_EQ(help.exit, 0) << scenario;
    EXPECT_THAT(help.out, AllOf(HasSubstr("Example:"), HasSubstr("--json"))) << scenario;
    EXPECT_THAT(testing::source_file("docs/lab.md"), HasSubstr("```\n" + help.out + "```\n")) << scenario;
  }
}

TEST(Usage, help_of_zino_and_its_parts_shows_an_example_and_stands_in_its_document) {
  std::vector<std::vector<std::string>> parts = {{"zino"}};
  for (const char* part :
       {"serve", "list", "show", "history", "log", "set-state", "add-history", "watch", "pm", "fetch", "front", "fixture"}) {
    parts.push_back({"zino", part});
  }
  for (const char* part : {"list", "show", "add", "add-log", "cancel"}) parts.push_back({"zino", "pm", part});
  for (std::vector<std::string> arguments : parts) {
    const std::string part = arguments.back();
    arguments.emplace_back("--help");
    const Finished help = run_program(arguments);
    EXPECT_EQ(help.exit, 0) << part;
    EXPECT_THAT(help.out, HasSubstr("Example:")) << part;
    EXPECT_THAT(testing::source_file("docs/zino.md"), HasSubstr("```\n" + help.out + "```\n")) << part;
  }
}

TEST(Usage, help_of_h2_and_its_parts_shows_an_example_and_stands_in_its_document) {
  for (std::vector<std::string> arguments :
       std::vector<std::vector<std::string>>{{"h2"}, {"h2", "serve"}, {"h2", "get"}, {"h2", "load"}, {"h2", "audit"}}) {
    const std::string part = arguments.back();
    arguments.emplace_back("--help");
    const Finished help = run_program(arguments);
    EXPECT_EQ(help.exit, 0) << part;
    EXPECT_THAT(help.out, HasSubstr("Example:")) << part;
    EXPECT_THAT(testing::source_file("docs/h2.md"), HasSubstr("```\n" + help.out + "```\n")) << part;
  }
}

TEST(Manual, names_every_verb_in_every_form) {
  for (const char* form : {"man", "bash", "zsh", "fish"}) {
    std::string made = run_program({"manual", form}).out;
    std::erase(made, '\\');
    for (const std::string& verb : kVerbs) EXPECT_THAT(made, HasSubstr("uncork " + verb)) << form;
    for (const std::string& scenario : kScenarios) EXPECT_THAT(made, HasSubstr("uncork lab " + scenario)) << form;
    EXPECT_THAT(made, HasSubstr("uncork zino pm add-log")) << form;
    EXPECT_THAT(made, HasSubstr("min-share")) << form;
    EXPECT_THAT(made, Not(HasSubstr("line-server"))) << form << ": not for people";
  }
}

/// What bash offers for the last of these words.
std::string offered(const std::string& script, const std::string& words) {
  const std::string run = "source " + script + "; COMP_WORDS=(" + words +
                          "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _uncork; echo \"${COMPREPLY[*]}\"";
  std::string out;
  std::FILE* pipe = ::popen(("bash -c '" + run + "'").c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  ::pclose(pipe);
  return out;
}

TEST(Manual, bash_completes_verbs_options_and_choices) {
  const cure::testing::ScratchDirectory folder;
  const std::string script = folder.path() + "/uncork";
  std::ofstream(script) << run_program({"manual", "bash"}).out;
  EXPECT_EQ(offered(script, "uncork w"), "watch why\n");
  EXPECT_EQ(offered(script, "uncork zino pm c"), "cancel\n");
  EXPECT_EQ(offered(script, "uncork watch --p"), "--pid --port\n");
  EXPECT_EQ(offered(script, "uncork proxy --nagle \"\""), "on off\n");
}

TEST(Usage, the_readme_names_every_verb) {
  const std::string readme = testing::source_file("README.md");
  for (const std::string& verb : kVerbs) EXPECT_THAT(readme, HasSubstr("`" + verb + "`"));
  EXPECT_THAT(readme, HasSubstr("`zino`"));
  EXPECT_THAT(readme, HasSubstr("`h2`"));
}

TEST(Usage, nothing_that_goes_into_a_pipe_is_coloured) {
  EXPECT_THAT(run_program({"--help"}).out, Not(HasSubstr("\x1b[")));
  EXPECT_THAT(run_program({"doctor"}).out, Not(HasSubstr("\x1b[")));
}

}  // namespace
}  // namespace uncork::cli
