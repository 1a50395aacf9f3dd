#pragma once
// The preload library that merges writes: where it is, and whether a program would load it.

#include <optional>
#include <string>

#include "core/result.hpp"

namespace uncork::cure {

/// The library's path, beside this very program as built or as installed. not_found names where it was looked for;
/// not_supported: the loader could not be told this path.
[[nodiscard]] core::Result<std::string> merging_library();

/// The file that execvp(3) would take for `program`; nothing if there is none.
[[nodiscard]] std::optional<std::string> find_in_path(const std::string& program);

/// Why the program at `path` would not load the library, or would go around it: in one clause. Nothing: it would. Of a script its
/// interpreter is asked. Read from the file alone: what the program starts in turn is not known.
[[nodiscard]] std::optional<std::string> why_not_preloaded(const std::string& path);

}  // namespace uncork::cure
