#pragma once
// How a connection ended, as far as its last counters tell.

#include <optional>

#include "record/row.hpp"

namespace uncork::probe {

/// The kernel's last word about a socket (a close event) has no state but CLOSE and no reason; what it has are sequence numbers
/// in the guise of byte counts. Each of these conclusions is certain; where none is, the reason is unknown:
/// - the queue to the peer still holds something after retransmissions or probes: timeout;
/// - bytes_acked counts a SYN and a FIN beside what was sent, so two more than that, or one more at the end that accepted, means
///   that our FIN was acknowledged, and with the peer's FIN or without it that is an orderly end;
/// - none more at all, and no FIN of ours in the queue: the peer reset the connection.
/// `before`: the row of the look before, if there was one: its state tells more.
[[nodiscard]] record::CloseReason close_reason_of(const record::Row& last, const record::Row* before);

/// Whether it never came to be: it sent its SYN and heard nothing that made it a connection.
[[nodiscard]] bool never_connected(const record::Row& last, const record::Row* before);

}  // namespace uncork::probe
