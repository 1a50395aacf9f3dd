#pragma once
// Where the store lies if nobody says otherwise.

#include <sys/types.h>

#include <string>

#include "core/result.hpp"

namespace uncork::sink {

/// /var/lib/uncork/store.db for root, else $XDG_STATE_HOME/uncork/store.db, which is ~/.local/state/uncork/store.db where that is
/// not set (XDG Base Directory Specification). The variables may be null.
[[nodiscard]] std::string store_path(const char* xdg_state_home, const char* home, uid_t user);
/// The same for this process.
[[nodiscard]] std::string store_path();

/// Makes the folder of `path`, and those above it, for this user alone, where they are missing.
[[nodiscard]] core::Status make_folder_of(const std::string& path);

}  // namespace uncork::sink
