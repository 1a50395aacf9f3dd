#include "probe/diag/close_reason.hpp"

#include "probe/tcp_info.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::CloseReason;

bool was_in(const record::Row* before, std::initializer_list<TcpState> states) {
  if (before == nullptr) return false;
  for (const TcpState state : states) {
    if (before->inet_diag_msg_state == static_cast<std::uint32_t>(state)) return true;
  }
  return false;
}

/// Sequence numbers that were acknowledged beyond the bytes sent: our SYN (of the end that connected) and our FIN. Counted as the
/// kernel counts, modulo 2^64: a capture may hold anything.
std::int64_t acknowledged_flags(const record::Row& last) {
  return static_cast<std::int64_t>(last.tcp_info_bytes_acked - (last.tcp_info_bytes_sent - last.tcp_info_bytes_retrans));
}

}  // namespace

bool never_connected(const record::Row& last, const record::Row* before) {
  if (was_in(before, {TcpState::syn_sent})) return last.tcp_info_bytes_acked == 0;
  // The end that accepted has a window and a round trip as soon as it exists.
  return before == nullptr && last.inet_diag_msg_socket_destination_port != 0 && last.knows(Block::tcp_info_5_4) &&
         last.tcp_info_bytes_acked == 0 && last.tcp_info_bytes_received == 0 && last.tcp_info_snd_wnd == 0 &&
         last.tcp_info_rtt == 0;
}

CloseReason close_reason_of(const record::Row& last, const record::Row* before) {
  if (!last.knows(Block::tcp_info_4_19) || was_in(before, {TcpState::listen})) return CloseReason::unknown;
  if (never_connected(last, before)) {
    return last.tcp_info_segs_in != 0 ? CloseReason::refused : CloseReason::timeout;
  }
  const bool unanswered = last.inet_diag_msg_wqueue != 0 || last.tcp_info_probes != 0;
  if (unanswered && (last.tcp_info_retransmits != 0 || last.tcp_info_backoff != 0 || last.tcp_info_probes != 0)) {
    return CloseReason::timeout;
  }
  if (was_in(before, {TcpState::last_ack, TcpState::closing, TcpState::fin_wait2})) return CloseReason::fin;
  const std::int64_t flags = acknowledged_flags(last);
  const bool nothing_queued = last.inet_diag_msg_wqueue == 0;
  const bool peer_has_finished = last.inet_diag_msg_rqueue == 1;
  if (nothing_queued && (flags >= 2 || (flags == 1 && peer_has_finished))) return CloseReason::fin;
  if (flags == 0 && nothing_queued && last.inet_diag_msg_rqueue == 0) return CloseReason::reset_received;
  return CloseReason::unknown;
}

}  // namespace uncork::probe
