#pragma once
// Memory that a thread's connections use in turn, so that one that rests holds none.

#include <array>
#include <cstddef>
#include <span>

namespace uncork::http2::detail {

inline constexpr std::size_t kScratchBytes = std::size_t{64} * 1024;

/// Bytes as the socket gives them. What lies there is used up before the thread reads from the next connection.
[[nodiscard]] inline std::span<std::byte> received_scratch() noexcept {
  thread_local std::array<std::byte, kScratchBytes> bytes;
  return bytes;
}

/// The same decrypted.
[[nodiscard]] inline std::span<std::byte> plain_scratch() noexcept {
  thread_local std::array<std::byte, kScratchBytes> bytes;
  return bytes;
}

/// Pieces of bodies on their way out.
[[nodiscard]] inline std::span<std::byte> body_scratch() noexcept {
  thread_local std::array<std::byte, kScratchBytes> bytes;
  return bytes;
}

}  // namespace uncork::http2::detail
