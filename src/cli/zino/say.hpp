#pragma once
// What is said on standard error by programs that go on, whatever becomes of it.

#include <string_view>

namespace uncork::cli {

/// Writes `uncork zino: LINE` to standard error. A line that cannot be written, and one for which there would be a wait (a full
/// pipe that nobody reads, a stopped terminal), is left out. Never throws; any thread.
void say(std::string_view line) noexcept;

/// Where standard input, output or error is closed, a socket or a file that is opened next would take its number, and be written
/// what was meant for a person. Each gets a descriptor that cannot be written to. Call it before anything is opened.
void hold_standard_descriptors();

}  // namespace uncork::cli
