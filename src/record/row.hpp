#pragma once
// One socket at one time: a row of telemetry.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "record/blocks.hpp"
#include "record/texts.hpp"

namespace uncork::record {

/// An address as the kernel gives it: 4 or 16 bytes count, by the row's family.
using Address = std::array<std::uint8_t, 16>;

/// Bytes that are kept as they came. Longer ones are cut.
struct Tail {
  static constexpr std::size_t kMost = 63;
  std::uint8_t size = 0;
  std::array<std::uint8_t, kMost> bytes{};

  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), size}; }
  static Tail of(std::string_view from);
  friend bool operator==(const Tail& a, const Tail& b) { return a.view() == b.view(); }
};

/// The algorithms that the published schema numbers; all others (reno too) are `unspecified`, and named by
/// congestion_algorithm_string.
enum class CongestionAlgorithm : std::uint32_t { unspecified, cubic, dctcp, vegas, prague, bbr1, bbr2, bbr3 };
[[nodiscard]] CongestionAlgorithm congestion_algorithm_of(std::string_view kernel_name);

/// What a row is about.
enum class RowKind : std::uint32_t {
  socket,           ///< a socket that a look saw
  closed,           ///< a connection that has ended: its last counters
  never_connected,  ///< a connection that never came to be
};

/// How a connection ended.
enum class CloseReason : std::uint32_t { unknown, fin, reset_received, reset_sent, timeout, refused, accept_overflow, aborted };

/// The stall causes of stall/hold_rule.h, in its order: indices of lost_us and late_us.
enum class Cause : std::uint8_t {
  nagle_delayed_ack,
  nagle_round_trip,
  cork,
  receive_window,
  congestion_window,
  pacing,
  loss_recovery,
  send_buffer,
};
inline constexpr std::size_t kCauses = 8;

/// The types that fields.inc speaks of.
namespace types {
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;
using text = Text;
using address = Address;
using tail = Tail;
using flag = bool;
using block_set = Blocks;
using close_reason = CloseReason;
using congestion_algorithm = CongestionAlgorithm;
using row_kind = RowKind;
}  // namespace types

/// A socket, or its end, with everything that is known of it: names, numbers and types are those of the published schema
/// xtcp_flat_record.v1 and of our additions to it (fields.inc, docs/record.md). What `blocks` does not name, and an empty
/// text, is unknown. Trivially copyable; its texts live in the Texts of whoever made the row.
struct Row {
#define FIELD(name, number, type, block, unit, source) types::type name{};
#include "record/fields.inc"

  std::array<std::uint64_t, kCauses> lost_us{};  ///< by Cause
  std::array<std::uint64_t, kCauses> late_us{};  ///< by Cause

  [[nodiscard]] bool knows(Block block) const { return blocks.has(block); }
  /// 4 for IPv4, 16 for IPv6, 0 for a row of neither.
  [[nodiscard]] std::size_t address_size() const { return inet_diag_msg_family == 2 ? 4 : inet_diag_msg_family == 10 ? 16 : 0; }

  friend bool operator==(const Row&, const Row&) = default;
};
static_assert(std::is_trivially_copyable_v<Row> && std::is_standard_layout_v<Row>);

/// Tells the keepers of the row's texts that these are held (Texts::hold).
void hold_texts(const Row& row);

}  // namespace uncork::record
