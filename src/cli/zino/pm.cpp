// uncork zino pm: planned maintenance.

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/zino/login.hpp"
#include "cli/zino/message.hpp"
#include "cli/zino/parts.hpp"
#include "cli/zino/view.hpp"
#include "core/duration.hpp"
#include "core/json.hpp"
#include "report/printable.hpp"
#include "zino/client/expected_reply.hpp"
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

using PmTask = core::Result<std::string> (*)(zino::Client&, const PmArguments&);

core::Result<std::vector<zino::Maintenance>> all_maintenances(zino::Client& client) {
  const auto listed = client.ask("PM LIST");
  if (!listed) return core::fail(listed.error());
  const auto ids = zino::listed_ids("PM LIST", *listed);
  if (!ids) return core::fail(ids.error());
  std::vector<std::string> questions;
  for (const std::int64_t id : *ids) questions.push_back(fmt::format("PM DETAILS {}", id));
  std::vector<zino::Maintenance> all;
  const auto keep = [&](std::size_t number, const zino::Reply& reply, core::Micros /*time*/) -> core::Status {
    if (zino::is_gone(questions[number], reply)) return {};
    auto one = zino::maintenance_of(reply, (*ids)[number]);
    if (!one) return core::fail(one.error());
    all.push_back(std::move(*one));
    return {};
  };
  if (const auto done = client.pipeline(questions, kOutstanding, keep); !done) return core::fail(done.error());
  return all;
}

core::Result<std::string> list(zino::Client& client, const PmArguments& arguments) {
  const auto all = all_maintenances(client);
  if (!all) return core::fail(all.error());
  if (arguments.json) {
    core::Json document = {{"maintenances", core::Json::array()}};
    for (const zino::Maintenance& one : *all) document["maintenances"].push_back(to_json(one));
    return dump(document) + "\n";
  }
  if (all->empty()) return "no planned maintenance\n";
  return maintenance_table(*all, static_cast<std::size_t>(terminal_width(1)));
}

core::Result<std::string> show(zino::Client& client, const PmArguments& arguments) {
  const auto details = client.ask(fmt::format("PM DETAILS {}", arguments.id));
  if (!details) return core::fail(details.error());
  const auto maintenance = zino::maintenance_of(*details, arguments.id);
  if (!maintenance) return core::fail(maintenance.error());
  const auto matching_reply = client.ask(fmt::format("PM MATCHING {}", arguments.id));
  if (!matching_reply) return core::fail(matching_reply.error());
  const auto matching = zino::matching_of(*matching_reply, arguments.id);
  if (!matching) return core::fail(matching.error());
  const std::string question = fmt::format("PM LOG {}", arguments.id);
  const auto log_reply = client.ask(question);
  if (!log_reply) return core::fail(log_reply.error());
  const auto log = zino::entries_of(question, *log_reply);
  if (!log) return core::fail(log.error());
  if (arguments.json) {
    core::Json document = to_json(*maintenance);
    document["matching"] = *matching;
    document["log"] = to_json(*log);
    return dump(document) + "\n";
  }
  std::string text = maintenance_table({*maintenance}, static_cast<std::size_t>(terminal_width(1))) + "\nMatching\n";
  for (const std::string& line : *matching) text += report::printable(line) + "\n";
  return text + "\nLog\n" + entry_lines(*log);
}

/// Beyond it a time is a slip of the pen. Nobody plans a maintenance for so far ahead.
constexpr std::chrono::years kPlausible{100};

/// `+2h` from now, or what a state file may have for a time.
core::Result<std::int64_t> read_time(const std::string& name, const std::string& text) {
  const zino::Timestamp now = std::chrono::time_point_cast<core::Micros>(std::chrono::system_clock::now());
  if (text.starts_with('+')) {
    const auto later = core::parse_duration(name, text.substr(1));
    if (!later) return core::fail(later.error());
    return zino::unix_seconds(now + *later);
  }
  const auto time = zino::parse_timestamp(text);
  const bool long_year = text.find_first_not_of("0123456789") > 4 && text.find('-') != std::string::npos;
  if (long_year || (time && *time > now + kPlausible)) {
    return core::fail(
        core::invalid_argument(fmt::format("{}: '{}' is more than {} years ahead", name, text, kPlausible.count())));
  }
  if (!time) {
    return core::fail(core::invalid_argument(fmt::format(
        "{}: '{}' is not a time; give 2026-12-24T18:00 (local), 2026-12-24T18:00Z, Unix seconds, or +2h", name, text)));
  }
  return zino::unix_seconds(*time);
}

/// When it begins and ends, which is later.
core::Result<std::pair<std::int64_t, std::int64_t>> read_window(const PmArguments& arguments) {
  const auto from = read_time("--from", arguments.from);
  if (!from) return core::fail(from.error());
  const auto to = read_time("--to", arguments.to);
  if (!to) return core::fail(to.error());
  if (*to > *from) return std::pair(*from, *to);
  return core::fail(
      core::invalid_argument(fmt::format("--to: the maintenance would end at {}, {} it begins at {}", local_time(*to),
                                         *to < *from ? "before" : "just when", local_time(*from))));
}

core::Result<std::string> add(zino::Client& client, const PmArguments& arguments) {
  const auto window = read_window(arguments);
  if (!window) return core::fail(window.error());
  const auto [from, to] = *window;
  const std::string device = arguments.device.empty() ? "" : arguments.device + " ";
  const auto reply = client.ask(
      fmt::format("PM ADD {} {} {} {} {}{}", from, to, arguments.type, arguments.match_type, device, arguments.expression));
  if (!reply) return core::fail(reply.error());
  const auto id = zino::added_maintenance(*reply);
  if (!id) return core::fail(id.error());
  if (arguments.json) return dump({{"id", *id}, {"from", from}, {"to", to}}) + "\n";
  return fmt::format("planned maintenance {}: from {} to {}\n", *id, local_time(from), local_time(to));
}

/// What can be said without a server.
core::Status check_adding(const PmArguments& arguments) {
  for (const std::string* word : {&arguments.device, &arguments.expression}) {
    if (word->find_first_of(" \r\n") != std::string::npos) {
      return core::fail(core::invalid_argument("the protocol allows no blanks in an expression; '\\s' matches one"));
    }
  }
  const auto window = read_window(arguments);
  return window ? core::Status() : core::fail(window.error());
}

core::Result<std::string> cancel(zino::Client& client, const PmArguments& arguments) {
  const auto reply = client.ask(fmt::format("PM CANCEL {}", arguments.id));
  if (!reply) return core::fail(reply.error());
  if (arguments.json) return dump({{"id", arguments.id}, {"cancelled", true}}) + "\n";
  return fmt::format("planned maintenance {} is cancelled\n", arguments.id);
}

core::Result<std::string> add_log(zino::Client& client, const PmArguments& arguments) {
  const auto added = client.ask(fmt::format("PM ADDLOG {}", arguments.id), arguments.message);
  if (!added) return core::fail(added.error());
  if (arguments.json) return dump({{"id", arguments.id}, {"added", arguments.message}}) + "\n";
  return fmt::format("added to the log of planned maintenance {}\n", arguments.id);
}

struct Part {
  Verb verb;
  std::shared_ptr<PmArguments> arguments;
};

Part add_part(const Verb& pm, Action& chosen, const std::string& name, const std::string& what, const std::string& example,
              PmTask task) {
  const Verb verb = pm.add_subcommand(name, what);
  verb.footer("Example:\n  uncork zino pm " + example);
  auto arguments = std::make_shared<PmArguments>();
  add_login(verb, arguments->login);
  verb.add_flag("--json", arguments->json, "Print JSON, times in Unix seconds");
  verb.callback([arguments, task, &chosen] {
    chosen = [arguments, task] {
      if (const auto good = task == add ? check_adding(*arguments) : core::Status(); !good) return report_error(good.error());
      return with_session(arguments->login, form_of(arguments->json),
                          [&](zino::Client& client) { return task(client, *arguments); });
    };
  });
  return {verb, std::move(arguments)};
}

Part add_part_of_one(const Verb& pm, Action& chosen, const std::string& name, const std::string& what, const std::string& example,
                     PmTask task) {
  Part part = add_part(pm, chosen, name, what, example, task);
  part.verb.add_option("ID", part.arguments->id, "The planned maintenance").type_name("").required();
  return part;
}

void add_adding(const Verb& pm, Action& chosen) {
  const Part part = add_part(pm, chosen, "add", "Plan maintenance, during which cases of whatever matches are ignored",
                             "add --to +2h sw-1", add);
  PmArguments& arguments = *part.arguments;
  part.verb.add_option("EXPRESSION", arguments.expression, "What is maintained, by router name or port description")
      .type_name("")
      .required();
  part.verb.add_option("--from", arguments.from, "Begin then: 2026-12-24T18:00, Unix seconds, or +TIME from now")
      .type_name("WHEN")
      .capture_default_str();
  part.verb.add_option("--to", arguments.to, "End then").type_name("WHEN").required();
  part.verb.add_option("--type", arguments.type, "Set the type: device or portstate").type_name("TYPE").capture_default_str();
  part.verb
      .add_option("--match", arguments.match_type,
                  "Read EXPRESSION as exact, str (with * and ?), regexp, or intf-regexp (names of a device's ports)")
      .type_name("HOW")
      .capture_default_str();
  part.verb.add_option("--device", arguments.device, "With intf-regexp: match the device's name, a regular expression too")
      .type_name("REGEXP");
}

void add_logging(const Verb& pm, Action& chosen) {
  const Verb verb = pm.add_subcommand("add-log", "Add an entry to the log of a planned maintenance");
  verb.footer("Example:\n  uncork zino pm add-log 3 --message 'Takes an hour more'");
  const auto arguments = std::make_shared<PmArguments>();
  verb.add_option("ID", arguments->id, "The planned maintenance").type_name("").required();
  add_message(verb, arguments->message);
  add_login(verb, arguments->login);
  verb.add_flag("--json", arguments->json, "Print what was done as JSON");
  verb.callback([arguments, &chosen] {
    chosen = [arguments] {
      const auto text = read_message(arguments->message);
      if (!text) return report_error(text.error());
      arguments->message = *text;
      return with_session(arguments->login, form_of(arguments->json),
                          [&](zino::Client& client) { return add_log(client, *arguments); });
    };
  });
}

}  // namespace

void add_zino_pm(const Verb& zino, Action& chosen) {
  const Verb verb = zino.add_subcommand("pm", "List and change planned maintenance");
  verb.require_subcommand(1, 1);
  verb.footer("Example:\n  uncork zino pm add --from 2026-12-24T18:00 --to 2026-12-24T20:00 --match regexp '^oslo-'");
  add_part(verb, chosen, "list", "List planned maintenance", "list", list);
  add_part_of_one(verb, chosen, "show", "Show one planned maintenance: what it matches, and its log", "show 3", show);
  add_adding(verb, chosen);
  add_logging(verb, chosen);
  add_part_of_one(verb, chosen, "cancel", "Cancel a planned maintenance", "cancel 3", cancel);
}

}  // namespace uncork::cli
