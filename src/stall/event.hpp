#pragma once
// The events of one connection seen from one end: what every source speaks and the ledger understands.

#include <cstdint>

#include "core/clock.hpp"

namespace uncork::stall {

/// What the sender's end of a connection looked like at a `sampled`, `opened` or `option_changed` event.
struct SenderState {
  std::uint32_t mss_bytes = 0;  ///< largest payload of a segment; 0 = not known
  core::Micros min_rtt{0};      ///< best round trip seen; 0 = not known
  bool nodelay = false;         ///< TCP_NODELAY
  bool corked = false;          ///< TCP_CORK
  bool more = false;            ///< the last write had MSG_MORE
  bool window_limited = false;  ///< the peer's window is the limit now
  bool writer_blocked = false;  ///< the writer waits for room in the send buffer
  bool buffer_fixed = false;    ///< SO_SNDBUF was set: the kernel does not enlarge the buffer by itself
  bool congestion_limited = false;
  bool paced = false;  ///< the pacing timer keeps the next segment back
  bool recovering = false;
  core::Micros window_limited_for{0};  ///< since the last state: time that the kernel's own chronograph counted
  core::Micros buffer_limited_for{0};

  bool operator==(const SenderState&) const = default;
};

enum class Role : std::uint8_t { unknown, requester, responder };

enum class EventKind : std::uint8_t {
  opened,          ///< the connection (or our watching of it) begins; `role`, `state`
  wrote,           ///< the application wrote `bytes`; `continued`: more of a write that has not returned yet
  sent,            ///< `bytes` of new data left
  received,        ///< `bytes` of new data arrived
  acked,           ///< an ACK for `bytes` more arrived; `on_data`: it came on a data segment
  read,            ///< the application read `bytes`
  retransmitted,   ///< a segment was sent again; `fin_only`: it carried nothing but the FIN
  reported,        ///< the peer reported `bytes` segments as received twice (DSACK)
  option_changed,  ///< `state` has new options
  sampled,         ///< `state` as it was up to now
  finished,        ///< this end closed: it will write no more, and its FIN follows what it wrote
  closed,
};

/// One event. `at` may not be before the time up to which the ledger has charged; if it is, it counts as at that time.
struct Event {
  core::Time at{};
  EventKind kind = EventKind::sampled;
  std::uint32_t bytes = 0;
  bool on_data = false;
  bool fin_only = false;
  bool continued = false;
  Role role = Role::unknown;
  SenderState state{};
};

}  // namespace uncork::stall
