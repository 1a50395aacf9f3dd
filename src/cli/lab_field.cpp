// uncork lab field: patterns that people met, and whether the ledger judges them rightly.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/lab.hpp"
#include "cli/output.hpp"
#include "core/json.hpp"
#include "core/nearest.hpp"
#include "core/stop_signal.hpp"
#include "core/syscall.hpp"
#include "lab/field/field.hpp"
#include "lab/field/report.hpp"
#include "lab/field/roles.hpp"

namespace uncork::cli {
namespace {

namespace field = lab::field;

struct FieldArguments {
  std::vector<std::string> names;
  std::vector<std::string> files;
  field::Options options;
  bool list = false;
  bool json = false;
};

core::Result<field::Script> find(const std::vector<field::Script>& scripts, const std::string& wanted) {
  std::vector<std::string> names;
  for (const field::Script& script : scripts) {
    if (script.parsed.name == wanted) return script;
    names.push_back(script.parsed.name);
  }
  const std::string near = core::nearest(wanted, names);
  return core::fail(core::invalid_argument(
      fmt::format("no case '{}'; {}see 'uncork lab field --list'", wanted, near.empty() ? "" : "did you mean '" + near + "'? ")));
}

/// The cases and files that are named; all cases if none is.
core::Result<std::vector<field::Script>> choose(const FieldArguments& arguments) {
  auto all = field::built_in_cases();
  if (!all || (arguments.names.empty() && arguments.files.empty())) return all;
  std::vector<field::Script> chosen;
  for (const std::string& name : arguments.names) {
    auto found = find(*all, name);
    if (!found) return core::fail(found.error());
    chosen.push_back(std::move(*found));
  }
  for (const std::string& path : arguments.files) {
    auto text = core::read_file(path);
    if (!text) return core::fail(text.error());
    auto script = field::read_script(std::move(*text));
    if (!script) return core::fail(core::invalid_argument(path + ": " + script.error().message));
    chosen.push_back(std::move(*script));
  }
  return chosen;
}

Exit run_scenario(const FieldArguments& arguments) {
  const auto scripts = choose(arguments);
  if (!scripts) return report_error(scripts.error());
  if (arguments.list) {
    print_page(field::list(*scripts));
    return Exit::ok;
  }
  core::StopSignal stop;
  auto accounts = field::Accounts::attach(arguments.options.ledger);
  if (!accounts) return report_error(accounts.error());
  const bool progress = terminal_width(2) > 0;
  const auto clear = [progress] {
    if (progress) say("\r\x1b[K");
  };
  if (!arguments.json) print_page("Milliseconds per exchange; the first one is left out.\n\n");
  flush();
  field::Observer observer;
  observer.on_begin = [&](const field::Case& next) {
    if (progress) say("{}: {}", next.name, next.title);
  };
  observer.on_outcome = [&](const field::Outcome& outcome) {
    clear();
    if (!arguments.json) print_page(field::text(outcome));
    flush();
  };
  observer.proceed = [&] { return !stop.stopped(); };
  const auto outcomes = field::run(*scripts, arguments.options, *accounts, observer);
  clear();
  if (!outcomes) return report_error(outcomes.error());
  if (arguments.json) {
    put_line(field::to_json(*outcomes, arguments.options).dump());
  } else {
    print_page("\n" + field::sentence(*outcomes));
  }
  return std::ranges::all_of(*outcomes, &field::Outcome::passed) ? Exit::ok : Exit::found;
}

enum class Role { client, server, relay };

struct RoleArguments {
  Role role = Role::client;
  std::string script;
  bool cured = false;
  core::Endpoint listen;
  core::Endpoint connect;
};

void print_now(const std::string& line) {
  print("{}\n", line);
  flush();
}

Exit play_role(const RoleArguments& arguments) {
  const auto script = field::read_script(arguments.script);
  if (!script) return report_error(script.error());
  const field::Case played = arguments.cured ? field::cured(script->parsed) : script->parsed;
  const auto listening = [](const core::Endpoint& at) { print_now("listening on " + core::to_string(at)); };
  core::Status done;
  switch (arguments.role) {
    case Role::client:
      done = field::run_client(
          played, arguments.connect, [](const core::Endpoint& at) { print_now("connected from " + core::to_string(at)); },
          [](unsigned exchanges, core::Micros wall) { print_now(fmt::format("played {} {}", exchanges, wall.count())); });
      break;
    case Role::server:
      done = field::run_server(played, arguments.listen, listening);
      break;
    case Role::relay:
      done = field::run_relay(played, arguments.listen, arguments.connect, listening);
      break;
  }
  return done ? Exit::ok : report_error(done.error());
}

/// A process of a case.
void add_role(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("field-role", "");
  verb.hide();  // not for people: left out of the help
  const auto arguments = std::make_shared<RoleArguments>();
  add_choice<Role>(verb, "--role", arguments->role, {{"client", Role::client}, {"server", Role::server}, {"relay", Role::relay}},
                   "");
  verb.add_option("--script", arguments->script, "").required();
  verb.add_flag("--cured", arguments->cured, "");
  add_endpoint(verb, "--listen", arguments->listen, "");
  add_endpoint(verb, "--connect", arguments->connect, "");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return play_role(*arguments); }; });
}

}  // namespace

void add_lab_field(const Verb& lab, Action& chosen) {
  const Verb verb = lab.add_subcommand("field", "Play patterns met in the field, and check that each is judged as it must be");
  verb.footer(
      "Example:\n  uncork lab field F02 C02 --recovered\n\n"
      "Needs root. Exit code 0 when every case is as wanted, 1 when one is not.");
  const auto arguments = std::make_shared<FieldArguments>();
  verb.add_option("case", arguments->names, "Cases to play (default: all)").type_name("CASE");
  verb.add_option("--file", arguments->files, "Play the case in this file").type_name("FILE");
  verb.add_flag("--recovered", arguments->options.recovered,
                "Play cases again with their remedy, and check that it gives back what was claimed");
  add_choice<field::LedgerKind>(verb, "--ledger", arguments->options.ledger,
                                {{"kernel", field::LedgerKind::kernel}, {"streamed", field::LedgerKind::streamed}},
                                "Judge by the kernel's own, or by ours fed with its events (default kernel)");
  verb.add_flag("--list", arguments->list, "List the cases and what each must show");
  verb.add_flag("--json", arguments->json, "Print one JSON document at the end");
  verb.callback([arguments, &chosen] { chosen = [arguments] { return run_scenario(*arguments); }; });
  add_role(lab, chosen);
}

}  // namespace uncork::cli
