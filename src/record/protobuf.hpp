#pragma once
// A row as protobuf: the message XtcpFlatRecord of xtcp_flat_record.proto, to the byte as libprotobuf writes it.

#include <cstddef>
#include <cstdint>

#include "record/row.hpp"

namespace uncork::record {

/// Room that the writers below must find at `to`: the longest row with its tag and length, and what their wide stores write past
/// its end.
inline constexpr std::size_t kMostRowBytes = [] {
  struct Most {
    std::size_t u32 = 3 + 5, u64 = 3 + 10, i64 = 3 + 10, flag = 3 + 1, text = 3 + 2 + Texts::kLongest;
    std::size_t address = 3 + 1 + sizeof(Address), tail = 3 + 1 + Tail::kMost;
    std::size_t block_set = u64, congestion_algorithm = u32, row_kind = u32, close_reason = u32;
  };
  std::size_t most = 16 + 64;
#define FIELD(name, number, type, block, unit, source) most += Most{}.type;
#define ELEMENT(member, index, name, number, type, block, unit, source) most += Most{}.type;
#include "record/fields.inc"
  return most;
}();

/// How varints are made: with the instructions pdep and lzcnt where the processor is good at them, which `fastest` asks once,
/// or with plain arithmetic.
enum class Varints : std::uint8_t { plain, parallel };
[[nodiscard]] Varints fastest_varints();

/// The fields of `row` in the order of their numbers; returns their end. Neither allocates nor fails. Numbers that are 0, flags
/// that are false, and what is unknown are left out, as proto3 does.
char* write_message(const Row& row, char* to, Varints varints);

/// `tag` (none if 0), the length of the message as a varint, the message: as a member of Envelope.row, or on its own in a file
/// of length-prefixed messages.
char* write_prefixed(const Row& row, char* to, char tag, Varints varints);

/// Envelope.row = 10, length-delimited.
inline constexpr char kRowTag = 0x52;

/// As protobuf does; at most 10 bytes. Returns their end.
char* write_varint(std::uint64_t value, char* to);

}  // namespace uncork::record
