#pragma once
// How a reply begins and ends.

#include <optional>
#include <string_view>

namespace uncork::zino {

/// The first line of a reply, as far as it says what follows.
struct ReplyStart {
  int code;
  bool continued;  ///< `200- text`: more lines come, the last with a space in place of the dash
};

/// Nothing if `line`, without its end, does not begin with three digits, and a space, a dash or nothing behind them.
[[nodiscard]] std::optional<ReplyStart> reply_start(std::string_view line);

/// Whether lines follow, up to one that is `.`.
[[nodiscard]] constexpr bool is_list(int code) { return code == 300 || code == 301 || code == 303 || code == 304; }

/// In place of an entry of a list: Zino 2 failed half-way, and no `.` will come.
inline constexpr std::string_view kFailedHalfWay = "500 internal error";

}  // namespace uncork::zino
