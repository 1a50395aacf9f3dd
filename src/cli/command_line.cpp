#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

namespace uncork::cli {
namespace {

constexpr const char* kCommand = "COMMAND";
/// Set before each word of a command: CLI11 would make two words of [a,b].
constexpr std::string_view kGuard = "\x01";

/// The command line with the words behind the first `--` guarded, if its verb takes a command.
std::vector<std::string> guarded(const CLI::App& program, int argc, const char* const* argv) {
  std::vector<std::string> words(argv, argv + argc);
  const auto verbs = program.get_subcommands([&](const CLI::App* verb) { return argc > 1 && verb->check_name(argv[1]); });
  if (verbs.empty() || verbs.front()->get_option_no_throw(kCommand) == nullptr) return words;
  const auto first = std::ranges::find(words, "--");
  if (first == words.end()) return words;
  for (auto word = first + 1; word != words.end(); ++word) word->insert(0, kGuard);
  return words;
}

}  // namespace

Option Option::type_name(const std::string& name) const { return Option(below_->type_name(name)); }
Option Option::required() const { return Option(below_->required()); }
Option Option::needs(Option other) const { return Option(below_->needs(other.below_)); }
Option Option::excludes(Option other) const { return Option(below_->excludes(other.below_)); }
Option Option::one_at_a_time() const { return Option(below_->allow_extra_args(false)); }
Option Option::take_all() const { return Option(below_->take_all()); }

Option Option::takes(int words) const {
  below_->expected(words);
  return *this;
}
Option Option::default_str(const std::string& text) const { return Option(below_->default_str(text)); }
Option Option::capture_default_str() const { return Option(below_->capture_default_str()); }
Option Option::check(const std::function<std::string(const std::string&)>& check) const { return Option(below_->check(check)); }
bool Option::given() const { return below_->count() > 0; }

Verb Verb::add_subcommand(const std::string& name, const std::string& help) const {
  return Verb(*below_->add_subcommand(name, help));
}
void Verb::hide() const { below_->group(""); }
void Verb::footer(const std::string& text) const { below_->footer(text); }
void Verb::require_subcommand(unsigned least, unsigned most) const { below_->require_subcommand(least, most); }
void Verb::callback(std::function<void()> chosen) const { below_->callback(std::move(chosen)); }
bool Verb::has_subcommand() const { return !below_->get_subcommands().empty(); }

Option Verb::add_option(const std::string& name, std::string& into, const std::string& help) const {
  return Option(below_->add_option(name, into, help));
}
Option Verb::add_option(const std::string& name, std::vector<std::string>& into, const std::string& help) const {
  return Option(below_->add_option(name, into, help));
}
Option Verb::add_option(const std::string& name, std::int64_t& into, const std::string& help) const {
  return Option(below_->add_option(name, into, help));
}
Option Verb::add_option(const std::string& name, std::filesystem::path& into, const std::string& help) const {
  return Option(below_->add_option(name, into, help));
}
Option Verb::add_option(const std::string& name, std::vector<std::filesystem::path>& into, const std::string& help) const {
  return Option(below_->add_option(name, into, help));
}
Option Verb::add_command(std::vector<std::string>& into, const std::string& help, Dashes dashes) const {
  const auto unguard = [&into, dashes](const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      const bool behind = word.starts_with(kGuard);
      if (!behind && dashes == Dashes::needed)
        refuse("'" + word.substr(0, 40) + "'",
               "a command goes behind --, and what is running is chosen by an option, such as --comm");
      into.push_back(behind ? word.substr(kGuard.size()) : word);
    }
  };
  return Option(below_->add_option_function<std::vector<std::string>>(kCommand, unguard, help)->type_name(""));
}
Option Verb::add_read(const std::string& name, std::function<core::Status(const std::string&)> read,
                      const std::string& help) const {
  const auto checked = [read = std::move(read)](const std::string& text) {
    if (const auto status = read(text); !status) throw CLI::ValidationError(status.error().message);
  };
  return Option(below_->add_option_function<std::string>(name, checked, help));
}
Option Verb::add_flag(const std::string& name, bool& into, const std::string& help) const {
  return Option(below_->add_flag(name, into, help));
}
Option Verb::add_flag_callback(const std::string& name, std::function<void()> given, const std::string& help) const {
  return Option(below_->add_flag_callback(name, std::move(given), help));
}

namespace {

std::vector<NamedVerb> named_in(const CLI::App& program) {
  std::vector<NamedVerb> named;
  std::vector<std::string> path;
  for (const CLI::App* verb = &program;; verb = verb->get_subcommands().front()) {
    path.push_back(verb->get_name());
    named.push_back({path, verb->remaining()});
    if (verb->get_subcommands().empty()) return named;
  }
}

}  // namespace

Program::Program(const std::string& name, const std::string& description, const std::string& version)
    : app_(std::make_unique<CLI::App>(description, name)) {
  app_->require_subcommand(1);
  app_->set_version_flag("--version", name + " " + version);
}
Program::~Program() = default;

Verb Program::top() const { return Verb(*app_); }

Parsed Program::parse(int argc, const char* const* argv) {
  try {
    std::vector<std::string> words = guarded(*app_, argc, argv);
    if (!words.empty()) words.erase(words.begin());
    std::ranges::reverse(words);  // as CLI11 wants them
    app_->parse(std::move(words));
    return {.outcome = Parsed::Outcome::chosen, .text = "", .named = named_in(*app_)};
  } catch (const CLI::Success& help_or_version) {
    std::ostringstream text;
    app_->exit(help_or_version, text, text);
    return {.outcome = Parsed::Outcome::shown, .text = text.str(), .named = named_in(*app_)};
  } catch (const CLI::ParseError& error) {
    return {.outcome = Parsed::Outcome::wrong, .text = error.what(), .named = named_in(*app_)};
  }
}

ShownVerb Program::catalogue() const { return catalogue_of(*app_); }

void refuse(const std::string& what, const std::string& why) { throw CLI::ValidationError(what, why); }

}  // namespace uncork::cli
