#pragma once
// What a file transmission is asked for and what it answers.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace uncork::stream {

/// Bytes, of head, file and tail together.
struct transmit_result {
  std::uint64_t sent = 0;      ///< taken by the kernel (of a coalescing_stream: by the stream)
  std::uint64_t expected = 0;  ///< promised; of a source without a known length: what it has given so far
};

struct transmit_options {
  std::uint64_t offset = 0;           ///< where in the file to begin; a pipe has no other than 0
  std::uint64_t length = 0;           ///< bytes of the file; 0: all from `offset` on, as it is at the start
  std::span<const std::byte> head;    ///< sent before the file; stays the caller's, unchanged, until completion
  std::span<const std::byte> tail;    ///< sent after it; likewise
  std::size_t chunk_bound = 2 << 20;  ///< bytes of the file per turn of the loop, so that others have theirs; at least 1
  std::function<void(const transmit_result&)> progress;  ///< called after each turn, even before the initiating function returns
};

/// The fewest TCP segments that carry `bytes`; `mss` is tcp_info's tcpi_snd_mss, the payload of a full segment.
[[nodiscard]] constexpr std::uint64_t minimum_segments(std::uint64_t bytes, std::uint32_t mss) noexcept {
  return mss == 0 ? 0 : bytes / mss + (bytes % mss != 0 ? 1 : 0);
}

}  // namespace uncork::stream
