#pragma once
// The bytes of a spool's file: a heading, then one record a parcel. Without I/O.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "collect/tally.hpp"
#include "sink/outlet/parcel.hpp"

namespace uncork::collect {

inline constexpr std::string_view kSegmentHeading = "uncork spool 01\n";

/// In front of a parcel's bytes, numbers with the lowest byte first: "PRCL", length, rows, framing (one byte, three of zero),
/// CRC-32C of the bytes, CRC-32C of the 20 bytes before. With a check sum of its own the length can be trusted though the bytes
/// be damaged.
inline constexpr std::size_t kRecordHeading = 24;
[[nodiscard]] std::array<char, kRecordHeading> record_heading(const sink::Parcel& parcel);

/// A whole record.
struct SpooledRecord {
  std::size_t begin = 0;  ///< of the parcel's bytes
  std::size_t size = 0;
  std::uint32_t rows = 0;
  sink::Framing framing = sink::Framing::whole;

  [[nodiscard]] Tally tally() const { return {1, rows, size}; }
};

struct DecodedSegment {
  std::vector<SpooledRecord> records;
  std::size_t torn_bytes = 0;     ///< behind the last whole record: what was being written when the program was killed
  std::size_t damaged_bytes = 0;  ///< before it
};

/// Any bytes. What is not a whole record is skipped up to the next that is; each byte is of a record, the heading, torn or
/// damaged.
[[nodiscard]] DecodedSegment decode_segment(std::string_view bytes);

[[nodiscard]] sink::Parcel parcel_of(const SpooledRecord& record, std::string_view segment);

}  // namespace uncork::collect
