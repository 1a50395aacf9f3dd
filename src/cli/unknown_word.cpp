#include "cli/unknown_word.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "cli/catalogue.hpp"
#include "core/nearest.hpp"
#include "report/printable.hpp"

namespace uncork::cli {
namespace {

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : shown_verbs(app)) names.push_back(verb->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : shown_options(app)) {
    for (std::string& name : names_of(*option)) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

const CLI::App& innermost(const CLI::App& program) {
  const CLI::App* verb = &program;
  while (!verb->get_subcommands().empty()) verb = verb->get_subcommands().front();
  return *verb;
}

std::string unknown_word(const CLI::App& program) {
  for (const CLI::App* app = &program;; app = app->get_subcommands().front()) {
    for (const std::string& word : app->remaining()) {
      if (word == "--") continue;
      const bool is_option = word.starts_with('-') && word.size() > 1;
      const auto known = is_option ? options_of(*app) : verbs_of(*app);
      const std::string near = core::nearest(word.substr(0, word.find('=')), known);
      const char* kind = is_option ? "option" : known.empty() ? "argument" : "verb";
      return fmt::format("{}: no {} '{}'{}{}{}", full_name(*app), kind, report::printable(word.substr(0, 80)),
                         near.empty() ? "" : "; did you mean '", near, near.empty() ? "" : "'?");
    }
    if (app->get_subcommands().empty()) return "";
  }
}

}  // namespace uncork::cli
