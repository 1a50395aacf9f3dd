#pragma once
// What help names of the command line: the source of suggestions, of the manual page and of completions.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace uncork::cli {

/// The verbs below `app`, without those that are not for people.
[[nodiscard]] std::vector<const CLI::App*> shown_verbs(const CLI::App& app);
/// Its options and positional arguments.
[[nodiscard]] std::vector<const CLI::Option*> shown_options(const CLI::App& app);
/// `--help`, `-h`.
[[nodiscard]] std::vector<std::string> names_of(const CLI::Option& option);
/// How a verb is called: `uncork zino pm`.
[[nodiscard]] std::string full_name(const CLI::App& verb);
/// `app` and all verbs below it, in the order of help.
[[nodiscard]] std::vector<const CLI::App*> all_verbs(const CLI::App& app);
/// The words that an option accepts, if it names them: `on` and `off`.
[[nodiscard]] std::vector<std::string> choices_of(const CLI::Option& option);
/// Whether its value is the path of a file or folder.
[[nodiscard]] bool takes_path(const CLI::Option& option);

}  // namespace uncork::cli
