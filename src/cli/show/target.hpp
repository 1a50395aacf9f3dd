#pragma once
// What `uncork show` was asked about.

#include <string>
#include <vector>

#include "core/result.hpp"
#include "sink/store/sought.hpp"

namespace uncork::cli {

/// What a word may mean, the likeliest first: `:8001` a port, `127.0.0.1:8001` an end, and a number a process, else a port, else
/// a socket by its cookie. invalid_argument: none of these.
[[nodiscard]] core::Result<std::vector<sink::Sought>> meanings_of(const std::string& word);

}  // namespace uncork::cli
