#pragma once
// Fields of a protobuf message, one after the other (protobuf.dev, "Encoding").

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace uncork::sink {

inline constexpr std::size_t kMostVarint = 10;
/// Envelope.row.
inline constexpr std::uint64_t kRowField = 10;

/// Each takes what it reads off the front of `bytes`; nothing if it is not there, whole.
[[nodiscard]] std::optional<std::uint64_t> take_varint(std::string_view& bytes);

struct WireField {
  std::uint64_t number = 0;
  std::uint64_t value = 0;  ///< of a varint or a number of fixed size
  std::string_view bytes;   ///< of what has a length
};
[[nodiscard]] std::optional<WireField> take_field(std::string_view& bytes);

}  // namespace uncork::sink
