#pragma once
// The Range field (RFC 9110 14.1.2, 14.2).

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace uncork::http2 {

/// More ranges than this in one field are no client's honest wish (RFC 9110 17.15): the whole file is the answer.
inline constexpr std::size_t kMostRanges = 16;

enum class RangeOutcome : std::uint8_t {
  whole,         ///< the field is to be ignored: not of bytes, not well-formed, or of parts that do not make one
  part,          ///< 206
  unsatisfiable  ///< 416: nothing of what was asked for is in the file
};

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

struct RangeChoice {
  RangeOutcome outcome = RangeOutcome::whole;
  ByteRange part;  ///< of `part`: at least a byte, within the file
  bool operator==(const RangeChoice&) const = default;
};

/// What a file of `size` bytes is answered with to this value of Range. Several ranges become one if each overlaps or adjoins
/// another; if not, the whole file is sent, as RFC 9110 14.2 leaves a server free to do: no multipart/byteranges.
[[nodiscard]] RangeChoice choose_range(std::string_view value, std::uint64_t size);

}  // namespace uncork::http2
