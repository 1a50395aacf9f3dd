// uncork zino pm: planned maintenance.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "cli/zino/login.hpp"
#include "cli/zino/message.hpp"
#include "cli/zino/parts.hpp"
#include "cli/zino/view.hpp"
#include "core/duration.hpp"
#include "report/printable.hpp"
#include "zino/state/iso_time.hpp"

namespace uncork::cli {
namespace {

constexpr std::size_t kOutstanding = 64;  // questions at a time

struct PmArguments {
  LoginArguments login;
  std::int64_t id = 0;
  bool json = false;
  std::string message;
  // of add:
  std::string from = "+10s";
  std::string to;
  std::string type = "device";
  std::string match_type = "exact";
  std::string device;
  std::string expression;
};

using Task = core::Status (*)(zino::Client&, const PmArguments&);

core::Result<std::vector<zino::Maintenance>> all_maintenances(zino::Client& client) {
  const auto listed = ask(client, "PM LIST");
  if (!listed) return core::fail(listed.error());
  std::vector<std::string> questions;
  for (const std::string& id : listed->lines) questions.push_back("PM DETAILS " + id);
  std::vector<zino::Maintenance> all;
  const auto keep = [&](std::size_t /*number*/, const zino::Reply& reply, core::Micros /*time*/) {
    if (auto one = zino::maintenance_of(reply.text); reply.ok() && one) all.push_back(std::move(*one));
    return true;
  };
  if (const auto done = client.pipeline(questions, kOutstanding, keep); !done) return core::fail(done.error());
  return all;
}

core::Status list(zino::Client& client, const PmArguments& arguments) {
  const auto all = all_maintenances(client);
  if (!all) return core::fail(all.error());
  if (arguments.json) {
    nlohmann::json document = {{"maintenances", nlohmann::json::array()}};
    for (const zino::Maintenance& one : *all) document["maintenances"].push_back(to_json(one));
    put_line(dump(document));
  } else if (all->empty()) {
    print("no planned maintenance\n");
  } else {
    print("{}", maintenance_table(*all, static_cast<std::size_t>(terminal_width(1))));
  }
  return {};
}

core::Status show(zino::Client& client, const PmArguments& arguments) {
  const auto details = ask(client, fmt::format("PM DETAILS {}", arguments.id));
  if (!details) return core::fail(details.error());
  const auto maintenance = zino::maintenance_of(details->text);
  if (!maintenance) {
    return core::fail(core::Error{core::ErrorCode::refused, 0, "PM DETAILS was answered '" + details->text + "'"});
  }
  const auto matching = ask(client, fmt::format("PM MATCHING {}", arguments.id));
  if (!matching) return core::fail(matching.error());
  const auto log = ask(client, fmt::format("PM LOG {}", arguments.id));
  if (!log) return core::fail(log.error());
  if (arguments.json) {
    nlohmann::json document = to_json(*maintenance);
    document["matching"] = matching->lines;
    document["log"] = to_json(zino::entries_of(*log));
    put_line(dump(document));
    return {};
  }
  print("{}\nMatching\n", maintenance_table({*maintenance}, static_cast<std::size_t>(terminal_width(1))));
  for (const std::string& line : matching->lines) print("{}\n", report::printable(line));
  print("\nLog\n{}", entry_lines(zino::entries_of(*log)));
  return {};
}

/// `+2h` from now, or what a state file may have for a time.
core::Result<std::int64_t> read_time(const std::string& name, const std::string& text) {
  if (text.starts_with('+')) {
    const auto later = core::parse_duration(name, text.substr(1));
    if (!later) return core::fail(later.error());
    return zino::unix_seconds(std::chrono::time_point_cast<core::Micros>(std::chrono::system_clock::now()) + *later);
  }
  const auto time = zino::parse_timestamp(text);
  if (!time) {
    return core::fail(core::invalid_argument(
        fmt::format("{}: '{}' is no time; give 2026-12-24T18:00 (local), 2026-12-24T18:00Z, Unix seconds, or +2h", name, text)));
  }
  return zino::unix_seconds(*time);
}

core::Status add(zino::Client& client, const PmArguments& arguments) {
  const auto from = read_time("--from", arguments.from);
  if (!from) return core::fail(from.error());
  const auto to = read_time("--to", arguments.to);
  if (!to) return core::fail(to.error());
  for (const std::string* word : {&arguments.device, &arguments.expression}) {
    if (word->find_first_of(" \r\n") != std::string::npos) {
      return core::fail(core::invalid_argument("the protocol allows no blanks in an expression; '\\s' matches one"));
    }
  }
  const std::string device = arguments.device.empty() ? "" : arguments.device + " ";
  const auto reply = ask(client, fmt::format("PM ADD {} {} {} {} {}{}", *from, *to, arguments.type, arguments.match_type, device,
                                             arguments.expression));
  if (!reply) return core::fail(reply.error());
  if (arguments.json) {
    const std::string digits = reply->text.substr(std::min(reply->text.find_first_of("0123456789"), reply->text.size()));
    put_line(dump({{"id", std::strtoll(digits.c_str(), nullptr, 10)}, {"from", *from}, {"to", *to}}));
  } else {
    print("{}: from {} to {}\n", report::printable(reply->text), local_time(*from), local_time(*to));
  }
  return {};
}

core::Status cancel(zino::Client& client, const PmArguments& arguments) {
  const auto reply = ask(client, fmt::format("PM CANCEL {}", arguments.id));
  if (!reply) return core::fail(reply.error());
  if (arguments.json) {
    put_line(dump({{"id", arguments.id}, {"cancelled", true}}));
  } else {
    print("planned maintenance {} is cancelled\n", arguments.id);
  }
  return {};
}

core::Status add_log(zino::Client& client, const PmArguments& arguments) {
  const auto reply = ask(client, fmt::format("PM ADDLOG {}", arguments.id), arguments.message);
  if (!reply) return core::fail(reply.error());
  if (arguments.json) {
    put_line(dump({{"id", arguments.id}, {"added", arguments.message}}));
  } else {
    print("added to the log of planned maintenance {}\n", arguments.id);
  }
  return {};
}

struct Part {
  CLI::App* verb;
  std::shared_ptr<PmArguments> arguments;
};

Part add_part(CLI::App& pm, Action& chosen, const std::string& name, const std::string& what, const std::string& example,
              Task task) {
  auto* verb = pm.add_subcommand(name, what);
  verb->footer("Example:\n  uncork zino pm " + example);
  auto arguments = std::make_shared<PmArguments>();
  add_login(*verb, arguments->login);
  verb->add_flag("--json", arguments->json, "As JSON: times in Unix seconds");
  verb->callback([arguments, task, &chosen] {
    chosen = [arguments, task] {
      return with_session(arguments->login, [&](zino::Client& client) { return task(client, *arguments); });
    };
  });
  return {verb, std::move(arguments)};
}

Part add_part_of_one(CLI::App& pm, Action& chosen, const std::string& name, const std::string& what, const std::string& example,
                     Task task) {
  Part part = add_part(pm, chosen, name, what, example, task);
  part.verb->add_option("ID", part.arguments->id, "The planned maintenance")->type_name("")->required();
  return part;
}

void add_adding(CLI::App& pm, Action& chosen) {
  const Part part =
      add_part(pm, chosen, "add", "Plan maintenance: cases of what matches are ignored meanwhile", "add --to +2h sw-1", add);
  PmArguments& arguments = *part.arguments;
  part.verb
      ->add_option("EXPRESSION", arguments.expression, "What is maintained, by the name of the router or the port's description")
      ->type_name("")
      ->required();
  part.verb->add_option("--from", arguments.from, "When it begins: 2026-12-24T18:00, Unix seconds, or +TIME from now")
      ->type_name("WHEN")
      ->capture_default_str();
  part.verb->add_option("--to", arguments.to, "When it ends")->type_name("WHEN")->required();
  part.verb->add_option("--type", arguments.type, "device or portstate")->type_name("TYPE")->capture_default_str();
  part.verb
      ->add_option("--match", arguments.match_type,
                   "How EXPRESSION is meant: exact, str (with * and ?), regexp, or intf-regexp (names of a device's ports)")
      ->type_name("HOW")
      ->capture_default_str();
  part.verb->add_option("--device", arguments.device, "For intf-regexp: the device's name, a regular expression too")
      ->type_name("REGEXP");
}

void add_logging(CLI::App& pm, Action& chosen) {
  auto* verb = pm.add_subcommand("add-log", "Write something into the log of a planned maintenance");
  verb->footer("Example:\n  uncork zino pm add-log 3 --message 'Takes an hour more'");
  const auto arguments = std::make_shared<PmArguments>();
  verb->add_option("ID", arguments->id, "The planned maintenance")->type_name("")->required();
  add_message(*verb, arguments->message);
  add_login(*verb, arguments->login);
  verb->add_flag("--json", arguments->json, "What was done, as JSON");
  verb->callback([arguments, &chosen] {
    chosen = [arguments] {
      const auto text = read_message(arguments->message);
      if (!text) return report_error(text.error());
      arguments->message = *text;
      return with_session(arguments->login, [&](zino::Client& client) { return add_log(client, *arguments); });
    };
  });
}

}  // namespace

void add_zino_pm(CLI::App& zino, Action& chosen) {
  auto* verb = zino.add_subcommand("pm", "List and change planned maintenance");
  verb->require_subcommand(1);
  verb->footer("Example:\n  uncork zino pm add --from 2026-12-24T18:00 --to 2026-12-24T20:00 --match regexp '^oslo-'");
  add_part(*verb, chosen, "list", "List planned maintenance", "list", list);
  add_part_of_one(*verb, chosen, "show", "Show one: what it matches, and its log", "show 3", show);
  add_adding(*verb, chosen);
  add_logging(*verb, chosen);
  add_part_of_one(*verb, chosen, "cancel", "Take one back", "cancel 3", cancel);
}

}  // namespace uncork::cli
