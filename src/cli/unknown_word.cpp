#include "cli/unknown_word.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/nearest.hpp"
#include "report/printable.hpp"

namespace uncork::cli {
namespace {

std::vector<std::string> verbs_of(const ShownVerb& verb) {
  std::vector<std::string> names;
  for (const ShownVerb& below : verb.below) names.push_back(below.name);
  return names;
}

std::vector<std::string> options_of(const ShownVerb& verb) {
  std::vector<std::string> names;
  for (const ShownOption& option : verb.options) {
    for (std::string& name : option.names()) names.push_back(std::move(name));
  }
  return names;
}

/// Whether the verb runs a command, whose own options are easily taken for the verb's.
enum class Command : std::uint8_t { never, sometimes, always };

Command command_of(const ShownVerb& verb) {
  const auto command = std::ranges::find(verb.options, "COMMAND", &ShownOption::placeholder);
  if (command == verb.options.end()) return Command::never;
  return command->required ? Command::always : Command::sometimes;
}

/// What may have been meant by an option that there is not.
std::string hint(const std::string& word, const std::string& near, const std::string& full_name, Command command) {
  const bool is_short = !word.starts_with("--");  // near to every other short one
  std::string text;
  if (!near.empty() && (command == Command::never || !is_short)) text = fmt::format("; did you mean '{}'?", near);
  if (command == Command::never || (command == Command::sometimes && !text.empty())) return text;
  return fmt::format("{} {} option of the command goes behind --: {} -- COMMAND {}", text.empty() ? ";" : text,
                     text.empty() ? "an" : "An", full_name, report::printable(word.substr(0, 40)));
}

/// Nothing for a verb that is not for people, of which help knows nothing.
const ShownVerb* find(const ShownVerb& program, const std::string& full_name) {
  const auto all = all_verbs(program);
  const auto found = std::ranges::find(all, full_name, &ShownVerb::full_name);
  return found == all.end() ? nullptr : *found;
}

}  // namespace

std::string unknown_word(const Parsed& parsed, const ShownVerb& program) {
  for (const NamedVerb& named : parsed.named) {
    const std::string full_name = fmt::format("{}", fmt::join(named.path, " "));
    const ShownVerb* verb = find(program, full_name);
    for (const std::string& word : named.unknown) {
      if (word == "--") continue;
      const bool is_option = word.starts_with('-') && word.size() > 1;
      const auto known = verb == nullptr ? std::vector<std::string>() : is_option ? options_of(*verb) : verbs_of(*verb);
      const std::string near = core::nearest(word.substr(0, word.find('=')), known);
      const char* kind = is_option ? "option" : known.empty() ? "argument" : "verb";
      const Command command = verb != nullptr && is_option ? command_of(*verb) : Command::never;
      return fmt::format("{}: no {} '{}'{}", full_name, kind, report::printable(word.substr(0, 80)),
                         hint(word, near, full_name, command));
    }
  }
  return "";
}

}  // namespace uncork::cli
