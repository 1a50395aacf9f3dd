#pragma once
// The manual page and the shells' completions, made from what --help is made of.

#include <string>

#include "cli/catalogue.hpp"

namespace uncork::cli {

/// In the language of man(7), section 1.
[[nodiscard]] std::string manual_page(const ShownVerb& program, const std::string& version);

/// Scripts to be laid down where each shell looks for them.
[[nodiscard]] std::string bash_completion(const ShownVerb& program);
[[nodiscard]] std::string zsh_completion(const ShownVerb& program);
[[nodiscard]] std::string fish_completion(const ShownVerb& program);

}  // namespace uncork::cli
