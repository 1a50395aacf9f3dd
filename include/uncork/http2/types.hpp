#pragma once
// What the numbers, bytes and times of HTTP/2 are called here.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace uncork::http2 {

/// Streams have 31 bits; 0 is the connection.
using stream_id = std::uint32_t;

using byte_span = std::span<const std::byte>;
using byte_vector = std::vector<std::byte>;

/// Of a PING.
using ping_payload = std::array<std::byte, 8>;

/// The time that sessions are given.
using time_point = std::chrono::steady_clock::time_point;

}  // namespace uncork::http2
