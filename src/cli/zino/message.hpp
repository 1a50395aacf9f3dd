#pragma once
// A text that a person adds: from the command line or from standard input.

#include <string>

#include "cli/verb.hpp"
#include "core/result.hpp"

namespace uncork::cli {

/// `--message TEXT`.
void add_message(const Verb& verb, std::string& message);

/// What was given, or else all of standard input, at most 1 MiB. Error: nothing but blanks, or more.
[[nodiscard]] core::Result<std::string> read_message(const std::string& given);

}  // namespace uncork::cli
