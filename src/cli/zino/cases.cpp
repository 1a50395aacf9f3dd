// uncork zino list, show, history and log: what the server knows of its cases.

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "cli/progress.hpp"
#include "cli/zino/login.hpp"
#include "cli/zino/parts.hpp"
#include "cli/zino/view.hpp"
#include "zino/client/expected_reply.hpp"

namespace uncork::cli {
namespace {

constexpr std::size_t kOutstanding = 64;  // questions at a time

struct ListArguments {
  LoginArguments login;
  std::vector<std::string> states;
  std::string router;
  bool json = false;
};

struct CaseArguments {
  LoginArguments login;
  zino::CaseId id = 0;
  bool json = false;
};

bool is_wanted(const zino::Attributes& attributes, const ListArguments& arguments) {
  const bool state = arguments.states.empty() ||
                     std::ranges::find(arguments.states, zino::value_of(attributes, "state")) != arguments.states.end();
  return state && zino::value_of(attributes, "router").find(arguments.router) != std::string::npos;
}

/// The attributes of all cases; one that went away since it was listed is not among them.
core::Result<std::vector<zino::Attributes>> all_cases(zino::Client& client) {
  const auto listed = client.ask("CASEIDS");
  if (!listed) return core::fail(listed.error());
  const auto ids = zino::case_ids(*listed);
  if (!ids) return core::fail(ids.error());
  std::vector<std::string> questions;
  for (const zino::CaseId id : *ids) questions.push_back(fmt::format("GETATTRS {}", id));
  std::vector<zino::Attributes> cases;
  Progress progress;
  const auto keep = [&](std::size_t number, const zino::Reply& reply, core::Micros /*time*/) -> core::Status {
    progress.show_count(number + 1, questions.size(), "case");
    if (zino::is_gone(questions[number], reply)) return {};
    auto attributes = zino::attributes_of(reply, (*ids)[number]);
    if (!attributes) return core::fail(attributes.error());
    cases.push_back(std::move(*attributes));
    return {};
  };
  if (const auto done = client.pipeline(questions, kOutstanding, keep); !done) return core::fail(done.error());
  return cases;
}

core::Result<std::string> list(zino::Client& client, const ListArguments& arguments) {
  auto cases = all_cases(client);
  if (!cases) return core::fail(cases.error());
  std::erase_if(*cases, [&](const zino::Attributes& one) { return !is_wanted(one, arguments); });
  if (!arguments.json) return case_table(*cases, std::time(nullptr), static_cast<std::size_t>(terminal_width(1)));
  core::Json document = {{"cases", core::Json::array()}};
  for (const zino::Attributes& one : *cases) document["cases"].push_back(to_json(one));
  return dump(document) + "\n";
}

core::Result<std::vector<zino::Entry>> ask_entries(zino::Client& client, const std::string& command) {
  const auto reply = client.ask(command);
  if (!reply) return core::fail(reply.error());
  return zino::entries_of(command, *reply);
}

core::Result<std::string> show(zino::Client& client, const CaseArguments& arguments) {
  const auto reply = client.ask(fmt::format("GETATTRS {}", arguments.id));
  if (!reply) return core::fail(reply.error());
  const auto attributes = zino::attributes_of(*reply, arguments.id);
  if (!attributes) return core::fail(attributes.error());
  const auto history = ask_entries(client, fmt::format("GETHIST {}", arguments.id));
  if (!history) return core::fail(history.error());
  const auto log = ask_entries(client, fmt::format("GETLOG {}", arguments.id));
  if (!log) return core::fail(log.error());
  if (arguments.json) {
    return dump({{"attributes", to_json(*attributes)}, {"history", to_json(*history)}, {"log", to_json(*log)}}) + "\n";
  }
  return fmt::format("{}\nHistory\n{}\nLog\n{}", attribute_lines(*attributes), entry_lines(*history), entry_lines(*log));
}

core::Result<std::string> show_entries(zino::Client& client, const std::string& question, const CaseArguments& arguments) {
  const auto entries = ask_entries(client, question);
  if (!entries) return core::fail(entries.error());
  if (arguments.json) return dump({{"id", arguments.id}, {"entries", to_json(*entries)}}) + "\n";
  return entry_lines(*entries);
}

std::shared_ptr<CaseArguments> add_case_arguments(const Verb& verb) {
  auto arguments = std::make_shared<CaseArguments>();
  verb.add_option("ID", arguments->id, "The case").type_name("").required();
  add_login(verb, arguments->login);
  verb.add_flag("--json", arguments->json, "Print JSON, times in Unix seconds");
  return arguments;
}

void add_entries(const Verb& zino, Action& chosen, const std::string& name, const std::string& command, const std::string& what) {
  const Verb verb = zino.add_subcommand(name, what);
  verb.footer(fmt::format("Example:\n  uncork zino {} 34", name));
  const auto arguments = add_case_arguments(verb);
  verb.callback([arguments, command, &chosen] {
    chosen = [arguments, command] {
      return with_session(arguments->login, form_of(arguments->json), [&](zino::Client& client) {
        return show_entries(client, fmt::format("{} {}", command, arguments->id), *arguments);
      });
    };
  });
}

}  // namespace

void add_zino_list(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("list", "List the cases, those that need attention first");
  verb.footer("Example:\n  uncork zino list --server zino.example.org --state open --state working");
  const auto arguments = std::make_shared<ListArguments>();
  verb.add_option("--state", arguments->states, "List only cases in this state; may be repeated")
      .type_name("STATE")
      .take_all()
      .check([](const std::string& state) {
        const bool known = std::ranges::find(kCaseStates, state) != kCaseStates.end();
        return known ? "" : fmt::format("'{}' is not a state; give {}", state, fmt::join(kCaseStates, ", "));
      });
  verb.add_option("--router", arguments->router, "List only cases of routers with this in their name").type_name("TEXT");
  add_login(verb, arguments->login);
  verb.add_flag("--json", arguments->json, "Print all attributes as JSON, times in Unix seconds");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      return with_session(arguments->login, form_of(arguments->json),
                          [&](zino::Client& client) { return list(client, *arguments); });
    };
  });
}

void add_zino_show(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("show", "Show everything about one case: attributes, history, log");
  verb.footer("Example:\n  uncork zino show 34");
  const auto arguments = add_case_arguments(verb);
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      return with_session(arguments->login, form_of(arguments->json),
                          [&](zino::Client& client) { return show(client, *arguments); });
    };
  });
}

void add_zino_history(const Verb& zino, Action& chosen) {
  add_entries(zino, chosen, "history", "GETHIST", "Show what people and the server did with a case");
}

void add_zino_log(const Verb& zino, Action& chosen) {
  add_entries(zino, chosen, "log", "GETLOG", "Show what was observed about a case");
}

}  // namespace uncork::cli
