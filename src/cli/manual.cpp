#include "cli/manual.hpp"

#include <fmt/format.h>

#include <sstream>
#include <string_view>

#include "cli/catalogue.hpp"

namespace uncork::cli {
namespace {

/// Text that is shown as it is: no hyphenation of options, no line taken for a request.
std::string roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool begins_line = escaped.empty() || escaped.back() == '\n';
    if (begins_line && (c == '.' || c == '\'')) escaped += "\\&";
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

/// `--port PORT`, or `FILE` of a positional argument.
std::string how(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : names_of(option)) names += (names.empty() ? "" : ", ") + name;
  if (names.empty()) return option.get_type_name().empty() ? option.get_name(true) : option.get_type_name();
  return option.get_type_name().empty() || option.get_items_expected_max() == 0 ? names : names + " " + option.get_type_name();
}

/// What stands below the options in help; indented lines are examples.
std::string footer(const CLI::App& verb) {
  std::istringstream lines(verb.get_footer());
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    text += line.empty() ? ".PP\n" : line.front() == ' ' ? ".br\n" + roff(line) + "\n" : roff(line) + "\n";
  }
  return text.empty() ? "" : ".PP\n" + text;
}

std::string options(const CLI::App& verb) {
  std::string text;
  for (const CLI::Option* option : shown_options(verb)) {
    const std::string standard = option->get_default_str().empty() ? "" : fmt::format(" (default {})", option->get_default_str());
    text += fmt::format(".TP\n.B {}\n{}\n", roff(how(*option)), roff(option->get_description() + standard));
  }
  return text;
}

}  // namespace

std::string manual_page(const CLI::App& program, const std::string& version) {
  std::string page = fmt::format(
      ".TH UNCORK 1 \"\" \"uncork {}\"\n.SH NAME\nuncork \\- find, prove and cure the stalls that small TCP writes cause\n"
      ".SH SYNOPSIS\n.B uncork\n.I VERB\n[\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n{}\n",
      version, roff(program.get_description()));
  page += options(program) + footer(program) + ".SH VERBS\n";
  for (const CLI::App* verb : all_verbs(program)) {
    if (verb == &program) continue;
    page +=
        fmt::format(".SS {}\n{}.\n{}{}", roff(full_name(*verb)), roff(verb->get_description()), options(*verb), footer(*verb));
  }
  return page;
}

}  // namespace uncork::cli
