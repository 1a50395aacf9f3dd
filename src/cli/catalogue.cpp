#include "cli/catalogue.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

namespace uncork::cli {
namespace {

ShownOption shown(const CLI::Option& option) {
  return {.long_names = option.get_lnames(),
          .short_names = option.get_snames(),
          .placeholder = option.get_name(true),
          .type = option.get_type_name(),
          .description = option.get_description(),
          .default_text = option.get_default_str(),
          .takes_value = option.get_items_expected_max() != 0,
          .required = option.get_required()};
}

std::string full_name(const CLI::App& verb) {
  const CLI::App* parent = verb.get_parent();
  return parent == nullptr ? verb.get_name() : full_name(*parent) + " " + verb.get_name();
}

}  // namespace

std::vector<std::string> ShownOption::names() const {
  std::vector<std::string> names;
  for (const std::string& name : long_names) names.push_back("--" + name);
  for (const std::string& name : short_names) names.push_back("-" + name);
  return names;
}

std::vector<std::string> ShownOption::choices() const {
  std::vector<std::string> words;
  if (type.find('|') == std::string::npos) return words;
  std::istringstream words_of_type(type);
  for (std::string word; std::getline(words_of_type, word, '|');) words.push_back(word);
  return words;
}

ShownVerb catalogue_of(const CLI::App& app) {
  ShownVerb verb{.name = app.get_name(),
                 .full_name = full_name(app),
                 .description = app.get_description(),
                 .footer = app.get_footer(),
                 .options = {},
                 .below = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) verb.options.push_back(shown(*option));
  }
  for (const CLI::App* below : app.get_subcommands({})) {
    if (!below->get_group().empty()) verb.below.push_back(catalogue_of(*below));
  }
  return verb;
}

std::vector<const ShownVerb*> all_verbs(const ShownVerb& top) {
  std::vector<const ShownVerb*> verbs = {&top};
  for (const ShownVerb& verb : top.below) {
    const auto below = all_verbs(verb);
    verbs.insert(verbs.end(), below.begin(), below.end());
  }
  return verbs;
}

}  // namespace uncork::cli
