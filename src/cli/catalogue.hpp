#pragma once
// What help names of the command line, as plain data: the source of suggestions, of the manual page and of completions.

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the name that the library gave itself
class App;
}  // namespace CLI

namespace uncork::cli {

/// An option or positional argument that is for people.
struct ShownOption {
  std::vector<std::string> long_names;   ///< without their dashes; both are empty for a positional argument
  std::vector<std::string> short_names;  ///< likewise
  std::string placeholder;               ///< what help calls a positional argument
  std::string type;                      ///< `TIME`, `on|off`
  std::string description;
  std::string default_text;
  bool takes_value = false;
  bool required = false;

  /// `--help`, `-h`.
  [[nodiscard]] std::vector<std::string> names() const;
  /// The words that it accepts, if its type names them: `on` and `off`.
  [[nodiscard]] std::vector<std::string> choices() const;
  /// Whether its value is the path of a file or folder.
  [[nodiscard]] bool takes_path() const { return type == "FILE" || type == "DIR"; }
};

struct ShownVerb {
  std::string name;
  std::string full_name;  ///< how it is called: `uncork zino pm`
  std::string description;
  std::string footer;
  std::vector<ShownOption> options;
  std::vector<ShownVerb> below;
};

/// `app` with all that is below it, in the order of help, without what is not for people.
[[nodiscard]] ShownVerb catalogue_of(const CLI::App& app);
/// `top` and all verbs below it, in the order of help; they point into it.
[[nodiscard]] std::vector<const ShownVerb*> all_verbs(const ShownVerb& top);

}  // namespace uncork::cli
