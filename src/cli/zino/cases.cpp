// uncork zino list, show, history and log: what the server knows of its cases.

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/zino/login.hpp"
#include "cli/zino/parts.hpp"
#include "cli/zino/view.hpp"

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
  const auto listed = ask(client, "CASEIDS");
  if (!listed) return core::fail(listed.error());
  const auto ids = zino::case_ids(*listed);
  if (!ids) return core::fail(ids.error());
  std::vector<std::string> questions;
  for (const zino::CaseId id : *ids) questions.push_back(fmt::format("GETATTRS {}", id));
  std::vector<zino::Attributes> cases;
  Progress progress;
  const auto keep = [&](std::size_t number, const zino::Reply& reply, core::Micros /*time*/) {
    if (reply.ok()) cases.push_back(zino::attributes_of(reply));
    progress.show_count(number + 1, questions.size(), "cases");
    return true;
  };
  if (const auto done = client.pipeline(questions, kOutstanding, keep); !done) return core::fail(done.error());
  return cases;
}

core::Status list(zino::Client& client, const ListArguments& arguments) {
  auto cases = all_cases(client);
  if (!cases) return core::fail(cases.error());
  std::erase_if(*cases, [&](const zino::Attributes& one) { return !is_wanted(one, arguments); });
  if (arguments.json) {
    nlohmann::json document = {{"cases", nlohmann::json::array()}};
    for (const zino::Attributes& one : *cases) document["cases"].push_back(to_json(one));
    put_line(dump(document));
  } else if (cases->empty()) {
    print("no cases\n");
  } else {
    print("{}", case_table(*cases, std::time(nullptr), static_cast<std::size_t>(terminal_width(1))));
  }
  return {};
}

core::Status show(zino::Client& client, const CaseArguments& arguments) {
  const auto attributes = ask(client, fmt::format("GETATTRS {}", arguments.id));
  if (!attributes) return core::fail(attributes.error());
  const auto history = ask(client, fmt::format("GETHIST {}", arguments.id));
  if (!history) return core::fail(history.error());
  const auto log = ask(client, fmt::format("GETLOG {}", arguments.id));
  if (!log) return core::fail(log.error());
  const auto shown = zino::attributes_of(*attributes);
  if (arguments.json) {
    put_line(dump({{"attributes", to_json(shown)},
                   {"history", to_json(zino::entries_of(*history))},
                   {"log", to_json(zino::entries_of(*log))}}));
    return {};
  }
  print("{}\nHistory\n{}\nLog\n{}", attribute_lines(shown), entry_lines(zino::entries_of(*history)),
        entry_lines(zino::entries_of(*log)));
  return {};
}

core::Status show_entries(zino::Client& client, const std::string& question, const CaseArguments& arguments) {
  const auto reply = ask(client, question);
  if (!reply) return core::fail(reply.error());
  const auto entries = zino::entries_of(*reply);
  if (arguments.json) {
    put_line(dump({{"id", arguments.id}, {"entries", to_json(entries)}}));
  } else {
    print("{}", entry_lines(entries));
  }
  return {};
}

std::shared_ptr<CaseArguments> add_case_arguments(CLI::App& verb) {
  auto arguments = std::make_shared<CaseArguments>();
  verb.add_option("ID", arguments->id, "The case")->type_name("")->required();
  add_login(verb, arguments->login);
  verb.add_flag("--json", arguments->json, "As JSON: times in Unix seconds");
  return arguments;
}

void add_entries(CLI::App& zino, Action& chosen, const std::string& name, const std::string& command, const std::string& what) {
  auto* verb = zino.add_subcommand(name, what);
  verb->footer(fmt::format("Example:\n  uncork zino {} 34", name));
  const auto arguments = add_case_arguments(*verb);
  verb->callback([arguments, command, &chosen] {
    chosen = [arguments, command] {
      return with_session(arguments->login, [&](zino::Client& client) {
        return show_entries(client, fmt::format("{} {}", command, arguments->id), *arguments);
      });
    };
  });
}

}  // namespace

void add_zino_list(CLI::App& zino, Action& chosen) {
  auto* verb = zino.add_subcommand("list", "List the cases, those in need of somebody first");
  verb->footer("Example:\n  uncork zino list --server zino.example.org --state open --state working");
  const auto arguments = std::make_shared<ListArguments>();
  verb->add_option("--state", arguments->states, "Only cases in this state; may be repeated")->type_name("STATE")->take_all();
  verb->add_option("--router", arguments->router, "Only cases of routers with this in their name")->type_name("TEXT");
  add_login(*verb, arguments->login);
  verb->add_flag("--json", arguments->json, "All attributes, as JSON: times in Unix seconds");
  verb->callback([arguments, &chosen] {
    chosen = [arguments] {
      return with_session(arguments->login, [&](zino::Client& client) { return list(client, *arguments); });
    };
  });
}

void add_zino_show(CLI::App& zino, Action& chosen) {
  auto* verb = zino.add_subcommand("show", "Show all about one case: attributes, history, log");
  verb->footer("Example:\n  uncork zino show 34");
  const auto arguments = add_case_arguments(*verb);
  verb->callback([arguments, &chosen] {
    chosen = [arguments] {
      return with_session(arguments->login, [&](zino::Client& client) { return show(client, *arguments); });
    };
  });
}

void add_zino_history(CLI::App& zino, Action& chosen) {
  add_entries(zino, chosen, "history", "GETHIST", "Show what people and the server did with a case");
}

void add_zino_log(CLI::App& zino, Action& chosen) {
  add_entries(zino, chosen, "log", "GETLOG", "Show what was observed of a case");
}

}  // namespace uncork::cli
