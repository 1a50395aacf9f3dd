#pragma once
// A command line taken apart exactly as Zino 2 does.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace uncork::zino {

enum class CommandId {
  addhist,
  caseids,
  clearflap,
  community,
  getattrs,
  gethist,
  getlog,
  help,
  ntie,
  pm,
  pm_add,
  pm_addlog,
  pm_cancel,
  pm_details,
  pm_help,
  pm_list,
  pm_log,
  pm_matching,
  pollintf,
  pollrtr,
  quit,
  setstate,
  user,
  version,
};

/// One row of the command table.
struct Command {
  CommandId id;
  std::string_view name;  ///< upper case; sub-commands with exactly one space
  bool needs_authentication;
  std::string_view parameters;  ///< as the error names them: `event, state`
  std::size_t minimum;          ///< of arguments
  bool variadic;                ///< keeps arguments beyond the minimum; others drop them
};

/// All commands, in order of their names.
[[nodiscard]] std::span<const Command> commands();

struct ParsedCommand {
  const Command* command;
  std::vector<std::string> arguments;
};
struct Refusal {
  std::string reply;  ///< without line end: `500 …`
};

/// One line, not empty. Checks in Zino 2's order: unknown, not authenticated, too few arguments.
[[nodiscard]] std::variant<ParsedCommand, Refusal> parse_command(std::string_view line, bool authenticated);

/// The lines of HELP for who is authenticated or not, and of PM HELP: names in order, wrapped at 56 columns.
[[nodiscard]] std::string help_reply(bool authenticated);
[[nodiscard]] std::string pm_help_reply();

}  // namespace uncork::zino
