#pragma once
// The kernel's struct tcp_info, whatever kernel wrote it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/clock.hpp"
#include "stall/sampled_ledger.hpp"

namespace uncork::probe {

/// include/net/tcp_states.h; part of the kernel's interface.
enum class TcpState : std::uint8_t {
  established = 1,
  syn_sent,
  syn_received,
  fin_wait1,
  fin_wait2,
  time_wait,
  close,
  close_wait,
  last_ack,
  listen,
  closing,
};

/// tcpi_ca_state (include/uapi/linux/tcp.h, enum tcp_ca_state).
enum class CongestionState : std::uint8_t { open, disorder, cwr, recovery, loss };

/// A decoded tcp_info. Linux has only ever appended to it, so a field is present when the bytes reach it: what 2.6 had is plain
/// and 0 if the bytes end before it (`length` tells), what came later is optional. Times are what the kernel gives: microseconds,
/// but the last_* in milliseconds of tick resolution. A value.
struct TcpInfo {
  std::size_t length = 0;  ///< bytes given

  TcpState state{};
  CongestionState ca_state{};
  std::uint8_t retransmits = 0;
  std::uint8_t probes = 0;
  std::uint8_t backoff = 0;
  std::uint8_t options = 0;
  std::uint8_t snd_wscale = 0;
  std::uint8_t rcv_wscale = 0;
  bool delivery_rate_app_limited = false;
  std::uint32_t rto_us = 0;
  std::uint32_t ato_us = 0;
  std::uint32_t snd_mss = 0;
  std::uint32_t rcv_mss = 0;
  std::uint32_t unacked = 0;  ///< segments; of a listening socket: connections to be accepted
  std::uint32_t sacked = 0;   ///< segments; of a listening socket: its backlog
  std::uint32_t lost = 0;
  std::uint32_t retrans = 0;
  std::uint32_t last_data_sent_ms = 0;
  std::uint32_t last_data_recv_ms = 0;
  std::uint32_t last_ack_recv_ms = 0;
  std::uint32_t pmtu = 0;
  std::uint32_t rcv_ssthresh = 0;
  std::uint32_t rtt_us = 0;
  std::uint32_t rttvar_us = 0;
  std::uint32_t snd_ssthresh = 0;
  std::uint32_t snd_cwnd = 0;  ///< segments
  std::uint32_t advmss = 0;
  std::uint32_t reordering = 0;
  std::uint32_t rcv_rtt_us = 0;
  std::uint32_t rcv_space = 0;
  std::uint32_t total_retrans = 0;

  std::optional<std::uint64_t> pacing_rate;  ///< bytes a second; this and the next: 3.15
  std::optional<std::uint64_t> max_pacing_rate;
  std::optional<std::uint64_t> bytes_acked;  ///< this and the next: 4.1
  std::optional<std::uint64_t> bytes_received;
  std::optional<std::uint32_t> segs_out;  ///< this and the next: 4.2
  std::optional<std::uint32_t> segs_in;
  std::optional<std::uint32_t> notsent_bytes;  ///< this and the next three: 4.6
  std::optional<std::uint32_t> min_rtt_us;     ///< absent too while the kernel has no measurement (it says ~0)
  std::optional<std::uint32_t> data_segs_in;
  std::optional<std::uint32_t> data_segs_out;
  std::optional<std::uint64_t> delivery_rate;  ///< bytes a second; 4.9
  std::optional<std::uint64_t> busy_time_us;   ///< this and the next two: 4.10
  std::optional<std::uint64_t> rwnd_limited_us;
  std::optional<std::uint64_t> sndbuf_limited_us;
  std::optional<std::uint32_t> delivered;  ///< this and the next: 4.18
  std::optional<std::uint32_t> delivered_ce;
  std::optional<std::uint64_t> bytes_sent;  ///< with retransmissions; this and the next three: 4.19
  std::optional<std::uint64_t> bytes_retrans;
  std::optional<std::uint32_t> dsack_dups;
  std::optional<std::uint32_t> reord_seen;
  std::optional<std::uint32_t> rcv_ooopack;  ///< this and the next: 5.4
  std::optional<std::uint32_t> snd_wnd;
  std::optional<std::uint32_t> rcv_wnd;  ///< this and the next: 6.2
  std::optional<std::uint32_t> rehash;
  std::optional<std::uint16_t> total_rto;  ///< this and the next two: 6.7
  std::optional<std::uint16_t> total_rto_recoveries;
  std::optional<std::uint32_t> total_rto_time_ms;
};

/// Any number of bytes, any content, any alignment.
[[nodiscard]] TcpInfo decode_tcp_info(std::span<const std::byte> bytes);

/// What the ledger wants to know of it. New data sent is what was sent without retransmissions; before Linux 4.19, what was
/// acknowledged stands in for it.
[[nodiscard]] stall::Sample sample_of(const TcpInfo& info, core::Time at);

}  // namespace uncork::probe
