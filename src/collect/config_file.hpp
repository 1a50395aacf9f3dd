#pragma once
// A collector's configuration file.

#include <string>
#include <string_view>

#include "collect/settings.hpp"
#include "core/result.hpp"

namespace uncork::collect {

inline constexpr std::size_t kLongestConfig = 1 << 20;

/// A TOML document whose keys are the names of settings; a list is an array of texts. `file` is what errors call it. Either all
/// of it is taken into `settings`, or, where anything is wrong, nothing. Errors: invalid_argument, `FILE:LINE: KEY: what is
/// wrong`.
[[nodiscard]] core::Status read_config(std::string_view text, const std::string& file, Settings& settings);

/// The same of a file. Errors also: it cannot be read, or is longer than kLongestConfig.
[[nodiscard]] core::Status read_config_file(const std::string& path, Settings& settings);

}  // namespace uncork::collect
