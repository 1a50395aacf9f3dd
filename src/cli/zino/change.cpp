// uncork zino set-state and add-history: what a person does with a case.

#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/zino/login.hpp"
#include "cli/zino/message.hpp"
#include "cli/zino/parts.hpp"
#include "cli/zino/view.hpp"
#include "core/json.hpp"

namespace uncork::cli {
namespace {

struct ChangeArguments {
  LoginArguments login;
  zino::CaseId id = 0;
  std::string state;
  std::string message;
  bool json = false;
};

core::Result<std::string> set_state(zino::Client& client, const ChangeArguments& arguments) {
  if (arguments.state.find_first_of(" \t\r\n") != std::string::npos) {
    return core::fail(core::invalid_argument("STATE is one word"));
  }
  const auto reply = client.ask(fmt::format("SETSTATE {} {}", arguments.id, arguments.state));
  if (!reply) return core::fail(reply.error());
  if (arguments.json) return dump({{"id", arguments.id}, {"state", arguments.state}}) + "\n";
  return fmt::format("case {} is {}\n", arguments.id, arguments.state);
}

core::Result<std::string> add_history(zino::Client& client, const ChangeArguments& arguments, const std::string& text) {
  const auto added = client.ask(fmt::format("ADDHIST {}", arguments.id), text);
  if (!added) return core::fail(added.error());
  if (arguments.json) return dump({{"id", arguments.id}, {"added", text}}) + "\n";
  return fmt::format("added to the history of case {}\n", arguments.id);
}

std::shared_ptr<ChangeArguments> add_case(const Verb& verb) {
  auto arguments = std::make_shared<ChangeArguments>();
  verb.add_option("ID", arguments->id, "The case").type_name("").required();
  return arguments;
}

}  // namespace

void add_zino_set_state(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("set-state", "Put a case into another state");
  verb.footer("Example:\n  uncork zino set-state 34 working");
  const auto arguments = add_case(verb);
  verb.add_option("STATE", arguments->state, "open, working, waiting, confirm-wait, ignored or closed").type_name("").required();
  add_login(verb, arguments->login);
  verb.add_flag("--json", arguments->json, "Print what was done as JSON");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      return with_session(arguments->login, form_of(arguments->json),
                          [&](zino::Client& client) { return set_state(client, *arguments); });
    };
  });
}

void add_zino_add_history(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("add-history", "Add an entry to the history of a case");
  verb.footer("Example:\n  uncork zino add-history 34 --message 'Technician is on her way'");
  const auto arguments = add_case(verb);
  add_message(verb, arguments->message);
  add_login(verb, arguments->login);
  verb.add_flag("--json", arguments->json, "Print what was done as JSON");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      const auto text = read_message(arguments->message);  // before the session, whose server may have little patience
      if (!text) return report_error(text.error());
      return with_session(arguments->login, form_of(arguments->json),
                          [&](zino::Client& client) { return add_history(client, *arguments, *text); });
    };
  });
}

}  // namespace uncork::cli
