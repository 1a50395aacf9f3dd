#pragma once
// What a planned maintenance is about: devices and ports by regular expression, wildcard or name.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zino/state/state.hpp"

namespace uncork::zino {

/// Python's fnmatch.fnmatchcase: `*`, `?`, `[seq]`, `[!seq]` over code points.
[[nodiscard]] bool wildcard_match(std::string_view pattern, std::string_view text);

/// Why `expression` is no regular expression (Perl's, which agrees with Python's in all that is usual); nothing if it is one.
[[nodiscard]] std::optional<std::string> regexp_error(const std::string& expression);

/// A device or port that a maintenance matches.
struct Match {
  std::string router;
  const Json* port = nullptr;  ///< null: the device
  std::int64_t ifindex = 0;
};

/// All devices or ports of the state that `maintenance` matches, in the order of the state file. An error is a sentence about its
/// expression.
[[nodiscard]] core::Result<std::vector<Match>> matches(const State& state, const Record& maintenance);

/// Whether the case is one of those that `maintenance` is about: reachability and alarm cases of its devices, or portstate cases
/// of its ports. An expression that is none matches nothing.
[[nodiscard]] bool covers(const State& state, const Record& maintenance, const Record& subject);

/// The member `key` of a port as text; nothing if it is null or not there.
[[nodiscard]] std::optional<std::string> port_text(const Json& port, const char* key);

}  // namespace uncork::zino
