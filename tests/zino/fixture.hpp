#pragma once
// The fixture F that the conformance cases speak of: seven cases, two planned maintenances, two users, four routers.

#include <string>

#include "zino/state/iso_time.hpp"

namespace uncork::zino::testing {

/// The time at which the tests run, and its Unix seconds: what `T` is in new entries.
inline constexpr Timestamp kNow{std::chrono::seconds(1'763'900'000)};
/// The times in the fixture: `opened` and all entries of logs.
inline constexpr const char* kOpened = "1763800000";

[[nodiscard]] std::string fixture_state();
[[nodiscard]] std::string fixture_secrets();
[[nodiscard]] std::string fixture_polldevs();

}  // namespace uncork::zino::testing
