#pragma once
// A listing of every case with all that there is about it: GETATTRS, GETHIST and GETLOG of each, timed.

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "zino/client/client.hpp"

namespace uncork::zino {

/// What is asked of each case, in this order.
inline constexpr std::array<const char*, 3> kFetchCommands = {"GETATTRS", "GETHIST", "GETLOG"};

struct FetchOptions {
  ConnectOptions connect;
  std::size_t pipeline = 1;  ///< commands outstanding
  /// Called after each answer with how many of how many there are; false stops, as an error.
  std::function<bool(unsigned, unsigned)> on_progress = [](unsigned /*done*/, unsigned /*of*/) { return true; };
};

struct FetchResult {
  unsigned cases = 0;                                      ///< whose three answers came
  unsigned gone = 0;                                       ///< that left between the listing and their turn, as the server said
  core::Micros total{0};                                   ///< from connecting to the last answer
  std::map<std::string, std::vector<core::Micros>> times;  ///< of each command, by its name in small letters
  std::uint64_t replies = 0;                               ///< greeting and login included
  std::vector<unsigned> chunks;                            ///< bytes of each read
};

/// Blocking. Errors: those of Client, and any answer that is not what was asked for, but that a case is gone.
[[nodiscard]] core::Result<FetchResult> fetch_all(const FetchOptions& options);

}  // namespace uncork::zino
