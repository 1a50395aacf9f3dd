#pragma once
// What is said on standard error by programs that go on, whatever becomes of it.

#include <string_view>

namespace uncork::cli {

/// Writes `uncork zino: LINE` to standard error. A line that cannot be written, and one for which there would be a wait (a full
/// pipe that nobody reads, a stopped terminal), is left out. Never throws; any thread.
void log_line(std::string_view line) noexcept;

}  // namespace uncork::cli
