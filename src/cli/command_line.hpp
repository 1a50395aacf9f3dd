#pragma once
// A verb and its options on the command line, without the library that parses it: CLI11's headers cost each file that sees
// them two seconds to compile, used or not (measured: its validators are constants with constructors).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/catalogue.hpp"
#include "core/result.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the name that the library gave itself
class App;
class Option;
}  // namespace CLI

namespace uncork::cli {

/// Names one option; the program owns it. Every setter gives the option again, so that they chain.
class Option {
 public:
  explicit Option(CLI::Option* below) : below_(below) {}

  Option type_name(const std::string& name) const;
  Option required() const;
  Option needs(Option other) const;
  Option excludes(Option other) const;
  /// Takes one word each time that it is given, instead of all that follow.
  Option one_at_a_time() const;
  /// Keeps all that follow, however often it is given.
  Option take_all() const;
  /// So many words follow it.
  Option takes(int words) const;
  Option default_str(const std::string& text) const;
  /// Shows the value that the variable has now as the default.
  Option capture_default_str() const;
  /// `check` says what is wrong with a word, or nothing.
  Option check(const std::function<std::string(const std::string&)>& check) const;

  /// After the parse: whether the command line has it.
  [[nodiscard]] bool given() const;

 private:
  CLI::Option* below_;
};

/// Names one verb; the program owns it. What options are read into must outlive the parse.
class Verb {
 public:
  explicit Verb(CLI::App& below) : below_(&below) {}

  [[nodiscard]] Verb add_subcommand(const std::string& name, const std::string& help) const;
  /// Not for people: left out of the help.
  void hide() const;
  void footer(const std::string& text) const;
  void require_subcommand(unsigned least, unsigned most) const;
  /// Called while the command line is parsed, if it names this verb.
  void callback(std::function<void()> chosen) const;
  /// In a callback: whether a verb below this one is named too.
  [[nodiscard]] bool has_subcommand() const;

  Option add_option(const std::string& name, std::string& into, const std::string& help) const;
  Option add_option(const std::string& name, std::vector<std::string>& into, const std::string& help) const;
  Option add_option(const std::string& name, std::int64_t& into, const std::string& help) const;
  Option add_option(const std::string& name, std::filesystem::path& into, const std::string& help) const;
  Option add_option(const std::string& name, std::vector<std::filesystem::path>& into, const std::string& help) const;
  /// A command and its arguments behind `--`, which are taken as they are. Before it a command may stand too, unless dashes are
  /// needed: of a verb that does other things as well, a word alone may be anything.
  enum class Dashes : bool { needed, optional };
  Option add_command(std::vector<std::string>& into, const std::string& help, Dashes dashes) const;
  /// An option that `read` reads. A failure ends the parse with its own sentence, which names the option and what is accepted.
  Option add_read(const std::string& name, std::function<core::Status(const std::string&)> read, const std::string& help) const;
  Option add_flag(const std::string& name, bool& into, const std::string& help) const;
  Option add_flag_callback(const std::string& name, std::function<void()> given, const std::string& help) const;

 private:
  CLI::App* below_;
};

/// A verb that the command line names, and the words behind it that it does not know.
struct NamedVerb {
  std::vector<std::string> path;  ///< from the program itself: `uncork`, `zino`, `pm`
  std::vector<std::string> unknown;
};

/// What came of a command line.
struct Parsed {
  enum class Outcome : std::uint8_t {
    chosen,  ///< the verb's callback was called
    shown,   ///< help or the version was asked for: `text`
    wrong    ///< `text` says why
  };
  Outcome outcome = Outcome::chosen;
  std::string text;
  std::vector<NamedVerb> named;  ///< the program and each verb that was reached, the last of them innermost
};

/// The whole command line. Owns every verb and option.
class Program {
 public:
  Program(const std::string& name, const std::string& description, const std::string& version);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  [[nodiscard]] Verb top() const;
  [[nodiscard]] Parsed parse(int argc, const char* const* argv);
  /// All that help shows, without what is hidden.
  [[nodiscard]] ShownVerb catalogue() const;

 private:
  std::unique_ptr<CLI::App> app_;
};

/// In a callback: ends the parse, since `what` was given and does not fit; the message is `what: why`.
[[noreturn]] void refuse(const std::string& what, const std::string& why);

}  // namespace uncork::cli
