#pragma once
// A parcel: one finished envelope on its way out, with what it takes to cut it between rows.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace uncork::sink {

/// How rows stand in the bytes of an envelope. The numbers are written to disk: never give one another meaning.
enum class Framing : std::uint8_t {
  whole = 0,      ///< cannot be told apart (protoJson, protoText, csv and tsv, whose first line is not a row)
  lines = 1,      ///< a line a row (jsonl)
  list = 2,       ///< a length, then the rows as members of one message (protobufList)
  delimited = 3,  ///< a length before each row (protobufDelimited)
};

/// Of a format by its name (record::format_names).
[[nodiscard]] Framing framing_of(std::string_view format);

/// A value. Bytes that do not have the framing that they claim to have are never cut.
struct Parcel {
  std::string bytes = {};
  std::uint32_t rows = 0;
  Framing framing = Framing::whole;

  friend bool operator==(const Parcel&, const Parcel&) = default;
};

/// Where the rows of `bytes` begin and end; those before the first byte that is not of that framing. Without I/O; any bytes.
struct RowBounds {
  std::size_t begin = 0;
  std::size_t end = 0;
};
[[nodiscard]] std::vector<RowBounds> rows_of(std::string_view bytes, Framing framing);

/// The length of the longest beginning of `bytes` that is whole rows or, of a list, whole envelopes: what follows was cut off.
/// All of it if rows cannot be told apart.
[[nodiscard]] std::size_t whole_length(std::string_view bytes, Framing framing);

/// The parcel as parcels of at most `most` bytes, in order, which have the same rows. Errors: a row alone is larger, or the rows
/// cannot be told apart.
[[nodiscard]] core::Result<std::vector<Parcel>> cut(const Parcel& parcel, std::size_t most);

}  // namespace uncork::sink
