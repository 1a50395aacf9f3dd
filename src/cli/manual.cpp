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
std::string how(const ShownOption& option) {
  std::string names;
  for (const std::string& name : option.names()) names += (names.empty() ? "" : ", ") + name;
  if (names.empty()) return option.type.empty() ? option.placeholder : option.type;
  return option.type.empty() || !option.takes_value ? names : names + " " + option.type;
}

/// What stands below the options in help; indented lines are examples.
std::string footer_of(const ShownVerb& verb) {
  std::istringstream lines(verb.footer);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    text += line.empty() ? ".PP\n" : line.front() == ' ' ? ".br\n" + roff(line) + "\n" : roff(line) + "\n";
  }
  return text.empty() ? "" : ".PP\n" + text;
}

std::string options(const ShownVerb& verb) {
  std::string text;
  for (const ShownOption& option : verb.options) {
    const std::string standard = option.default_text.empty() ? "" : fmt::format(" (default {})", option.default_text);
    text += fmt::format(".TP\n.B {}\n{}\n", roff(how(option)), roff(option.description + standard));
  }
  return text;
}

}  // namespace

std::string manual_page(const ShownVerb& program, const std::string& version) {
  std::string page = fmt::format(
      ".TH UNCORK 1 \"\" \"uncork {}\"\n.SH NAME\nuncork \\- find, prove and cure the stalls that small TCP writes cause\n"
      ".SH SYNOPSIS\n.B uncork\n.I VERB\n[\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n{}\n",
      version, roff(program.description));
  page += options(program) + footer_of(program) + ".SH VERBS\n";
  for (const ShownVerb* verb : all_verbs(program)) {
    if (verb == &program) continue;
    page += fmt::format(".SS {}\n{}.\n{}{}", roff(verb->full_name), roff(verb->description), options(*verb), footer_of(*verb));
  }
  return page;
}

}  // namespace uncork::cli
