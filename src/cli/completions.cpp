#include <fmt/format.h>

#include <string_view>

#include "cli/catalogue.hpp"
#include "cli/manual.hpp"

// All three scripts work alike: the words typed so far are followed from verb to verb, and then that verb's words are offered.

namespace uncork::cli {
namespace {

/// In single quotes, as all three shells read them.
std::string in_quotes(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + escaped + "'";
}

std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : between) + word;
  return line;
}

/// The words that may follow a verb.
std::vector<std::string> words_below(const ShownVerb& verb) {
  std::vector<std::string> words;
  for (const ShownVerb& below : verb.below) words.push_back(below.name);
  for (const ShownOption& option : verb.options) {
    for (const std::string& name : option.names()) words.push_back(name);
  }
  return words;
}

/// `'uncork watch'|'uncork lab'|…`: every verb but the program itself.
std::string all_paths(const ShownVerb& program) {
  std::vector<std::string> paths;
  for (const ShownVerb* verb : all_verbs(program)) {
    if (verb != &program) paths.push_back(in_quotes(verb->full_name));
  }
  return joined(paths, "|");
}

std::string bash_values(const ShownVerb& verb) {
  std::string cases;
  for (const ShownOption& option : verb.options) {
    const auto choices = option.choices();
    if (choices.empty() && !option.takes_path()) continue;
    const std::string offered = choices.empty() ? "compgen -f" : "compgen -W " + in_quotes(joined(choices));
    for (const std::string& name : option.names()) {
      cases += fmt::format("    {}) mapfile -t COMPREPLY < <({} -- \"$cur\"); return ;;\n",
                           in_quotes(verb.full_name + " " + name), offered);
    }
  }
  return cases;
}

/// `word:what it is`, as zsh's _describe wants it.
std::string zsh_entry(const std::string& word, std::string_view description) {
  std::string escaped;
  for (const char c : word) escaped += c == ':' ? std::string("\\:") : std::string(1, c);
  return in_quotes(escaped + ":" + std::string(description));
}

std::string zsh_entries(const ShownVerb& verb) {
  std::vector<std::string> entries;
  for (const ShownVerb& below : verb.below) entries.push_back(zsh_entry(below.name, below.description));
  for (const ShownOption& option : verb.options) {
    for (const std::string& name : option.names()) entries.push_back(zsh_entry(name, option.description));
  }
  return joined(entries);
}

std::string fish_lines(const ShownVerb& verb) {
  const std::string where = fmt::format("complete -c uncork -n \"test (__uncork_path) = '{}'\"", verb.full_name);
  std::string lines;
  for (const ShownVerb& below : verb.below) {
    lines += fmt::format("{} -f -a {} -d {}\n", where, below.name, in_quotes(below.description));
  }
  for (const ShownOption& option : verb.options) {
    std::string line = where;
    for (const std::string& name : option.long_names) line += " -l " + name;
    for (const std::string& name : option.short_names) line += " -s " + name;
    if (option.names().empty()) continue;
    const auto choices = option.choices();
    if (!choices.empty()) line += " -x -a " + in_quotes(joined(choices));
    if (choices.empty() && option.takes_value) line += option.takes_path() ? " -r -F" : " -x";
    lines += fmt::format("{} -d {}\n", line, in_quotes(option.description));
  }
  return lines;
}

}  // namespace

std::string bash_completion(const ShownVerb& program) {
  std::string values;
  std::string words;
  for (const ShownVerb* verb : all_verbs(program)) {
    values += bash_values(*verb);
    words += fmt::format("    {}) words={} ;;\n", in_quotes(verb->full_name), in_quotes(joined(words_below(*verb))));
  }
  return fmt::format(
      "# bash completion of uncork\n_uncork() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} path=uncork words= i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n    case \"$path ${{COMP_WORDS[i]}}\" in\n"
      "    {}) path+=\" ${{COMP_WORDS[i]}}\" ;;\n    esac\n  done\n"
      "  case \"$path $prev\" in\n{}  esac\n  case $path in\n{}  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}}\ncomplete -o default -F _uncork uncork\n",
      all_paths(program), values, words);
}

std::string zsh_completion(const ShownVerb& program) {
  std::string entries;
  for (const ShownVerb* verb : all_verbs(program)) {
    entries += fmt::format("  ({}) candidates=({}) ;;\n", in_quotes(verb->full_name), zsh_entries(*verb));
  }
  return fmt::format(
      "#compdef uncork\nlocal where=uncork word\nlocal -a candidates\nfor word in ${{words[2,CURRENT-1]}}; do\n"
      "  case \"$where $word\" in\n  ({}) where+=\" $word\" ;;\n  esac\ndone\ncase $where in\n{}esac\n"
      "_describe uncork candidates || _files\n",
      all_paths(program), entries);
}

std::string fish_completion(const ShownVerb& program) {
  std::string paths;
  std::string lines;
  for (const ShownVerb* verb : all_verbs(program)) {
    if (verb != &program) paths += " " + in_quotes(verb->full_name);
    lines += fish_lines(*verb);
  }
  return fmt::format(
      "# fish completion of uncork\nfunction __uncork_path\n  set -l where uncork\n"
      "  for word in (commandline -opc)[2..-1]\n    if contains -- \"$where $word\"{}\n"
      "      set where \"$where $word\"\n    end\n  end\n  echo $where\nend\n{}",
      paths, lines);
}

}  // namespace uncork::cli
