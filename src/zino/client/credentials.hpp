#pragma once
// Who to log in as, from the files that Zino's people have.

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::zino {

/// What a configuration says; empty: nothing.
struct Credentials {
  std::string server;  ///< HOST or HOST:PORT
  std::string port;
  std::string user;
  std::string secret;

  bool operator==(const Credentials&) const = default;
};

/// A ~/.ritz.tcl as curitz reads it: lines `set Secret abc`, `set User name`, `set Server host`, `set Port 8001`, and for a
/// profile `set Secret(PROFILE) abc`; names in any case, an underscore before them allowed; values may be quoted by "" or {}.
/// What is not such a line is skipped. `profile` is `default` for the lines without one; of two lines the later counts.
[[nodiscard]] Credentials parse_ritz_tcl(std::string_view text, std::string_view profile);

/// Of a Zino server's secrets file. Error: no such user, or a file that is none.
[[nodiscard]] core::Result<Credentials> from_secrets(std::string_view text, const std::string& user);

}  // namespace uncork::zino
