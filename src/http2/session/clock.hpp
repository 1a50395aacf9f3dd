#pragma once
// The time that sessions are given.

#include <chrono>

namespace uncork::http2 {

using time_point = std::chrono::steady_clock::time_point;

}  // namespace uncork::http2
