#include "zino/protocol/command.hpp"

#include <fmt/format.h>

#include <array>

#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

using enum CommandId;

constexpr std::array kCommands = {
    Command{addhist, "ADDHIST", true, "event", 1, false},
    Command{caseids, "CASEIDS", true, "", 0, false},
    Command{clearflap, "CLEARFLAP", true, "router_name, ifindex", 2, false},
    Command{community, "COMMUNITY", true, "router_name", 1, false},
    Command{getattrs, "GETATTRS", true, "event", 1, false},
    Command{gethist, "GETHIST", true, "event", 1, false},
    Command{getlog, "GETLOG", true, "event", 1, false},
    Command{help, "HELP", false, "", 0, false},
    Command{ntie, "NTIE", true, "nonce", 1, false},
    Command{pm, "PM", true, "", 0, false},
    Command{pm_add, "PM ADD", true, "from_t, to_t, pm_type, m_type", 4, true},
    Command{pm_addlog, "PM ADDLOG", true, "pm", 1, false},
    Command{pm_cancel, "PM CANCEL", true, "pm", 1, false},
    Command{pm_details, "PM DETAILS", true, "pm", 1, false},
    Command{pm_help, "PM HELP", true, "", 0, false},
    Command{pm_list, "PM LIST", true, "", 0, false},
    Command{pm_log, "PM LOG", true, "pm", 1, false},
    Command{pm_matching, "PM MATCHING", true, "pm", 1, false},
    Command{pollintf, "POLLINTF", true, "router_name, ifindex", 2, false},
    Command{pollrtr, "POLLRTR", true, "router_name", 1, false},
    Command{quit, "QUIT", false, "", 0, false},
    Command{setstate, "SETSTATE", true, "event, state", 2, false},
    Command{user, "USER", false, "user, response", 2, false},
    Command{version, "VERSION", false, "", 0, false},
};

constexpr std::string_view kSubcommand = "PM ";

/// The longest name that the line begins with and that ends at a word boundary.
const Command* find_command(std::string_view line) {
  const Command* found = nullptr;
  for (const Command& command : kCommands) {
    const std::string_view name = command.name;
    if (line.size() < name.size() || !equal_ignoring_case(line.substr(0, name.size()), name)) continue;
    if (continues_word(line.substr(name.size()))) continue;
    if (found == nullptr || name.size() > found->name.size()) found = &command;
  }
  return found;
}

/// `heading`, then the words in lines of at most 56 columns; all lines but the last as `200- `, the last as `200  `.
std::string wrapped_reply(std::string_view heading, std::span<const std::string_view> words) {
  constexpr std::size_t kColumns = 56;
  std::vector<std::string> lines = {std::string(heading), ""};
  for (const std::string_view word : words) {
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > kColumns) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  std::string reply;
  for (std::size_t i = 0; i < lines.size(); ++i) reply += fmt::format("200{} {}\r\n", i + 1 < lines.size() ? '-' : ' ', lines[i]);
  return reply;
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

std::variant<ParsedCommand, Refusal> parse_command(std::string_view line, bool authenticated) {
  const Command* command = find_command(line);
  if (command == nullptr) return Refusal{fmt::format("500 unknown command: \"{}\"", line)};
  if (command->needs_authentication && !authenticated) return Refusal{"500 Not authenticated"};
  auto words = split_words(strip_left(line.substr(command->name.size())));
  if (words.size() < command->minimum) {
    return Refusal{fmt::format("500 {} needs {} parameters ({})", command->name, command->minimum, command->parameters)};
  }
  if (!command->variadic) words.resize(command->minimum);
  return ParsedCommand{command, {words.begin(), words.end()}};
}

std::string help_reply(bool authenticated) {
  std::vector<std::string_view> names;
  for (const Command& command : kCommands) {
    if (command.name.starts_with(kSubcommand) || (command.needs_authentication && !authenticated)) continue;
    names.push_back(command.name);
  }
  return wrapped_reply("commands are:", names);
}

std::string pm_help_reply() {
  std::vector<std::string_view> names;
  for (const Command& command : kCommands) {
    if (command.name.starts_with(kSubcommand)) names.push_back(command.name.substr(kSubcommand.size()));
  }
  return wrapped_reply("PM subcommands are:", names);
}

}  // namespace uncork::zino
