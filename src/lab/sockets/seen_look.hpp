#pragma once
// A look as `uncork sockets --json` prints it, read as far as a soak judges it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace uncork::lab {

/// As text, so that what is judged is what a reader gets: `127.64.0.1`, `2001:db8::1`, `::ffff:127.64.0.1`.
struct SocketAddress {
  std::string address;
  std::uint16_t port = 0;
  bool operator==(const SocketAddress&) const = default;
};

/// tcp_states.h, those that a soak tells apart.
enum class SocketState : std::uint8_t {
  established = 1,
  syn_received = 3,
  time_wait = 6,
  close_wait = 8,
  listening = 10,
  new_syn_received = 12
};

struct SeenRow {
  std::string netns;
  std::uint64_t inode = 0;  ///< 0: not known
  std::uint64_t cookie = 0;
  bool is_socket = true;  ///< else the last row of one, or of one that never connected
  std::uint32_t state = 0;
  SocketAddress local;
  SocketAddress peer;

  [[nodiscard]] bool is(SocketState which) const { return state == static_cast<std::uint32_t>(which); }
};

struct SeenLook {
  std::uint64_t sequence = 0;
  std::int64_t begun = 0;    ///< ns of CLOCK_REALTIME
  std::int64_t arrived = 0;  ///< ns of CLOCK_REALTIME at which its last byte was here
  bool whole = false;
  std::uint64_t namespaces = 0;  ///< that it looked at, ours and others
  std::string coverage;
  std::uint64_t ends_missed = 0;        ///< ends that it says it knows nothing of
  std::uint64_t close_events_lost = 0;  ///< times that it lost close events, each time nobody knows how many
  std::vector<SeenRow> rows;
};

/// The fields that have to be asked for with --columns.
inline constexpr const char* kSeenColumns = "netns,netns_inode,cookie,kind,state,local,peer";

/// Errors: invalid_argument with what is wrong; `arrived` is left to the caller.
[[nodiscard]] core::Result<SeenLook> read_look(std::string_view line);

/// The name of a namespace that has none: `net:[4026531840]`.
[[nodiscard]] std::string nameless(std::uint64_t inode);

}  // namespace uncork::lab
