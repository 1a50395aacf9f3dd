#include "cli/catalogue.hpp"

#include <sstream>

namespace uncork::cli {

std::vector<const CLI::App*> shown_verbs(const CLI::App& app) {
  std::vector<const CLI::App*> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) {
    if (!verb->get_group().empty()) verbs.push_back(verb);
  }
  return verbs;
}

std::vector<const CLI::Option*> shown_options(const CLI::App& app) {
  std::vector<const CLI::Option*> options;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) options.push_back(option);
  }
  return options;
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

std::string full_name(const CLI::App& verb) {
  const CLI::App* parent = verb.get_parent();
  return parent == nullptr ? verb.get_name() : full_name(*parent) + " " + verb.get_name();
}

std::vector<const CLI::App*> all_verbs(const CLI::App& app) {
  std::vector<const CLI::App*> verbs = {&app};
  for (const CLI::App* verb : shown_verbs(app)) {
    const auto below = all_verbs(*verb);
    verbs.insert(verbs.end(), below.begin(), below.end());
  }
  return verbs;
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  std::vector<std::string> words;
  if (option.get_type_name().find('|') == std::string::npos) return words;
  std::istringstream type(option.get_type_name());
  for (std::string word; std::getline(type, word, '|');) words.push_back(word);
  return words;
}

bool takes_path(const CLI::Option& option) { return option.get_type_name() == "FILE" || option.get_type_name() == "DIR"; }

}  // namespace uncork::cli
