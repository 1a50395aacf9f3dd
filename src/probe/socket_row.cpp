#include "probe/socket_row.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "core/fd.hpp"
#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;
using Facts = uncork_socket_facts;

constexpr std::uint8_t kTimeWait = 6;  // include/net/tcp_states.h
constexpr std::uint8_t kClose = 7;
constexpr std::uint8_t kListen = 10;
constexpr std::uint64_t kPerSecond = 1'000'000;  // us

std::uint32_t to_us(std::uint32_t jiffies, const KernelUnits& units) {
  return static_cast<std::uint32_t>(std::uint64_t{jiffies} * units.tick_ns / 1000);
}

std::uint32_t to_ms(std::uint32_t jiffies, const KernelUnits& units) {
  return static_cast<std::uint32_t>(std::uint64_t{jiffies} * units.tick_ns / 1'000'000);
}

std::uint32_t not_negative(std::uint32_t difference) { return static_cast<std::int32_t>(difference) < 0 ? 0 : difference; }

void fill_identity(const Facts& f, Row& into) {
  into.inet_diag_msg_family = f.family;
  into.inet_diag_msg_state = f.state;
  into.inet_diag_msg_socket_source_port = f.local_port;
  into.inet_diag_msg_socket_destination_port = f.remote_port;
  std::memcpy(into.inet_diag_msg_socket_source.data(), f.local, sizeof f.local);
  std::memcpy(into.inet_diag_msg_socket_destination.data(), f.remote, sizeof f.remote);
  into.inet_diag_msg_socket_interface = f.interface;
  into.inet_diag_msg_socket_cookie = f.cookie;
  into.inet_diag_msg_uid = f.uid;
  into.inet_diag_msg_inode = static_cast<std::uint32_t>(f.inode);
  into.netns_inode = f.netns;
  into.netns_cookie = f.netns_cookie;
  into.pid = f.pid;
  into.fd = static_cast<std::uint32_t>(f.fd);
  into.mark = f.mark;
  into.shutdown_state = f.shutdown;
  into.class_id = f.class_id != 0 ? f.class_id : f.priority;  // as inet_diag_msg_attrs_fill()
  into.type_of_service = f.tos;
  into.nodelay = f.nodelay != 0;
  into.corked = f.corked != 0;
  into.blocks |= record::Blocks(Block::interface) | Block::cookie | Block::owner | Block::netns | Block::process | Block::mark |
                 Block::shutdown | Block::class_id | Block::tos | Block::options;
  if (f.family == AF_INET6) {
    into.traffic_class = f.tclass;
    into.blocks |= Block::traffic_class;
    if (f.state == kListen || f.state == kClose) {  // as inet_diag_msg_attrs_fill()
      into.v6only = f.v6only != 0;
      into.blocks |= Block::v6only;
    }
  }
  if ((f.present & UNCORK_HAS_NETNS_COOKIE) != 0) into.blocks |= Block::netns_cookie;
  if ((f.present & UNCORK_HAS_CGROUP) != 0) {
    into.c_group = f.cgroup_id;
    into.blocks |= Block::c_group;
  }
}

/// struct inet_diag_sockopt, out of inet_sock.inet_flags (include/net/inet_sock.h INET_FLAGS_*, Linux 6.6 and later).
std::uint32_t sock_opt_of(std::uint32_t flags) {
  constexpr std::array<std::uint8_t, 11> kFlags = {9,                           // RECVERR
                                                   16, 11, 12, 13, 15, 14, 17,  // IS_ICSK to NODEFRAG
                                                   18, 10, 19};  // BIND_ADDRESS_NO_PORT, RECVERR_RFC4884, DEFER_CONNECT
  std::uint32_t bits = 0;
#pragma GCC unroll 11
  for (std::size_t bit = 0; bit < kFlags.size(); ++bit) bits |= (flags >> kFlags[bit] & 1) << bit;
  return bits;
}

void fill_memory(const Facts& f, Row& into) {
  into.sk_mem_info_rmem_alloc = into.mem_info_rmem = f.rmem_alloc;
  into.sk_mem_info_rcv_buf = f.rcvbuf;
  into.sk_mem_info_wmem_alloc = into.mem_info_tmem = f.wmem_alloc;
  into.sk_mem_info_snd_buf = f.sndbuf;
  into.sk_mem_info_fwd_alloc = into.mem_info_fmem = f.forward_alloc;
  into.sk_mem_info_wmem_queued = into.mem_info_wmem = f.wmem_queued;
  into.sk_mem_info_optmem = f.omem_alloc;
  into.sk_mem_info_backlog = f.backlog;
  into.sk_mem_info_drops = f.drops;
  into.blocks |= record::Blocks(Block::sk_mem_info) | Block::mem_info;
}

/// inet_sk_diag_fill()
void fill_timer(const Facts& f, const KernelUnits& units, Row& into) {
  // include/net/inet_connection_sock.h ICSK_TIME_*
  constexpr std::uint8_t kRetransmit = 1;
  constexpr std::uint8_t kProbe = 3;
  constexpr std::uint8_t kLossProbe = 5;
  constexpr std::uint8_t kReordering = 6;
  const bool retransmits = f.pending == kRetransmit || f.pending == kLossProbe || f.pending == kReordering;
  const bool probes = f.pending == kProbe;
  into.blocks |= Block::timer;
  if (!retransmits && !probes && (f.pending != 0 || f.keepalive == 0)) return;
  into.inet_diag_msg_timer = retransmits ? 1 : probes ? 4 : 2;
  into.inet_diag_msg_retrans = retransmits ? f.retransmits : f.probes;
  into.inet_diag_msg_expires = to_ms(not_negative(static_cast<std::uint32_t>(f.timer_jiffies) - f.jiffies), units);
}

void fill_listener(const Facts& f, Row& into) {
  into.tcp_info_unacked = into.inet_diag_msg_rqueue = f.ack_backlog;
  into.tcp_info_sacked = into.inet_diag_msg_wqueue = f.max_ack_backlog;
}

void fill_path(const Facts& f, const KernelUnits& units, Row& into) {
  into.tcp_info_ca_state = f.ca_state;
  into.tcp_info_retransmits = f.retransmits;
  into.tcp_info_probes = f.probes;
  into.tcp_info_backoff = f.backoff;
  into.tcp_info_options = f.options;
  into.tcp_info_send_scale = f.snd_wscale;
  into.tcp_info_rcv_scale = f.rcv_wscale;
  into.tcp_info_delivery_rate_app_limited = f.app_limited;
  into.tcp_info_fast_open_client_failed = f.fastopen_client_fail;
  into.tcp_info_rto = to_us(f.rto, units);
  const std::uint32_t most = std::min(f.delack_max, std::max(f.rto_min, 2U) - 1);  // tcp_delack_max()
  into.tcp_info_ato = to_us(std::min(f.ato, most), units);
  into.tcp_info_snd_mss = f.mss;
  into.tcp_info_rcv_mss = f.rcv_mss;
  into.tcp_info_last_data_sent = to_ms(f.jiffies - f.sent_jiffies, units);
  into.tcp_info_last_data_recv = to_ms(f.jiffies - f.received_jiffies, units);
  into.tcp_info_last_ack_recv = to_ms(f.jiffies - f.acked_jiffies, units);
  into.tcp_info_pmtu = f.pmtu;
  into.tcp_info_rcv_ssthresh = f.rcv_ssthresh;
  into.tcp_info_rtt = f.srtt_us8 >> 3;
  into.tcp_info_rtt_var = f.mdev_us4 >> 2;
  into.tcp_info_min_rtt = f.min_rtt_us;
  into.tcp_info_snd_ssthresh = f.snd_ssthresh;
  into.tcp_info_adv_mss = f.advmss;
  into.tcp_info_rcv_rtt = f.rcv_rtt_us8 >> 3;
  into.tcp_info_rcv_space = f.rcv_space;
  into.tcp_info_snd_wnd = f.snd_wnd;
  into.tcp_info_rcv_wnd = f.rcv_wnd;
}

void fill_counters(const Facts& f, Row& into) {
  into.tcp_info_unacked = f.packets_out;
  into.tcp_info_sacked = f.sacked_out;
  into.tcp_info_lost = f.lost_out;
  into.tcp_info_retrans = f.retrans_out;
  into.tcp_info_total_retrans = f.total_retrans;
  into.tcp_info_bytes_acked = f.bytes_acked;
  into.tcp_info_bytes_received = f.bytes_received;
  into.tcp_info_bytes_sent = f.bytes_sent;
  into.tcp_info_bytes_retrans = f.bytes_retrans;
  into.tcp_info_segs_out = f.segs_out;
  into.tcp_info_segs_in = f.segs_in;
  into.tcp_info_data_segs_in = f.data_segs_in;
  into.tcp_info_data_segs_out = f.data_segs_out;
  into.tcp_info_not_sent_bytes = not_negative(f.write_seq - f.snd_nxt);
  into.inet_diag_msg_rqueue = not_negative(f.rcv_nxt - f.copied_seq);
  into.inet_diag_msg_wqueue = f.write_seq - f.snd_una;
  into.tcp_info_delivered = f.delivered;
  into.tcp_info_delivered_ce = f.delivered_ce;
  into.tcp_info_dsack_dups = f.dsack_dups;
  into.tcp_info_reord_seen = f.reord_seen;
  into.tcp_info_rcv_ooopack = f.rcv_ooopack;
  into.tcp_info_rehash = f.plb_rehash + f.timeout_rehash;
  if (f.rate_delivered != 0 && f.rate_interval_us != 0) {  // tcp_compute_delivery_rate()
    into.tcp_info_delivery_rate = std::uint64_t{f.rate_delivered} * f.mss * kPerSecond / f.rate_interval_us;
  }
}

/// tcp_get_info_chrono_stats()
void fill_chronographs(const Facts& f, const KernelUnits& units, Row& into) {
  std::array<std::uint64_t, 3> us{};
  for (std::size_t i = 0; i < us.size(); ++i) {
    std::uint32_t jiffies = f.chrono_jiffies[i];
    if (i + 1 == f.chrono_type) jiffies += f.jiffies - f.chrono_start;
    us[i] = std::uint64_t{jiffies} * (units.tick_ns / 1000);
  }
  into.tcp_info_busy_time = us[0] + us[1] + us[2];
  into.tcp_info_rwnd_limited = us[1];
  into.tcp_info_sndbuf_limited = us[2];
}

void fill_later(const Facts& f, std::uint32_t clock_ms, Row& into) {
  into.tcp_info_total_rto = f.total_rto;
  into.tcp_info_total_rto_recoveries = f.total_rto_recoveries;
  into.tcp_info_total_rto_time = f.total_rto_time_ms + (f.rto_stamp_ms != 0 ? not_negative(clock_ms - f.rto_stamp_ms) : 0);
  into.tcp_info_received_ce = f.received_ce;
  into.tcp_info_delivered_e1_bytes = f.delivered_ecn_bytes[0];
  into.tcp_info_delivered_e0_bytes = f.delivered_ecn_bytes[1];
  into.tcp_info_delivered_ce_bytes = f.delivered_ecn_bytes[2];
  into.tcp_info_received_e1_bytes = f.received_ecn_bytes[0];
  into.tcp_info_received_e0_bytes = f.received_ecn_bytes[1];
  into.tcp_info_received_ce_bytes = f.received_ecn_bytes[2];
  if ((f.present & UNCORK_HAS_ACCECN) != 0) {
    into.tcp_info_accecn_fail_mode = f.accecn_fail_mode;
    into.tcp_info_accecn_opt_seen = f.accecn_opt_seen;
    into.blocks |= Block::accecn;
  }
}

void fill_bbr(const Facts& f, Row& into) {
  into.bbr_info_bw_lo = f.bbr_bw_lo;
  into.bbr_info_bw_hi = f.bbr_bw_hi;
  into.bbr_info_min_rtt = f.bbr_min_rtt_us;
  into.bbr_info_pacing_gain = f.bbr_pacing_gain;
  into.bbr_info_cwnd_gain = f.bbr_cwnd_gain;
  into.blocks |= Block::bbr_info;
}

/// Walks up the buckets of durations, one share after a smaller one.
class Quantiles {
 public:
  Quantiles(const std::uint32_t (&log2)[32], std::uint64_t total) : log2_(log2), total_(total) {}

  /// The longest duration of the bucket in which this share of the durations is complete. There must be durations.
  std::uint64_t next_us(std::uint64_t percent) {
    while ((below_ + log2_[bucket_]) * 100 < total_ * percent) below_ += log2_[bucket_++];
    return (std::uint64_t{2} << bucket_) - 1;
  }

 private:
  const std::uint32_t (&log2_)[32];
  std::uint64_t total_;
  std::uint64_t below_ = 0;  // in the buckets before this one
  std::size_t bucket_ = 0;
};

void fill_stalls(const uncork_ledger_facts& l, Row& into) {
  std::ranges::copy(l.lost_us, into.lost_us.begin());
  std::ranges::copy(l.late_us, into.late_us.begin());
  into.holds = l.holds;
  into.late_writes = l.late_writes;
  into.late_worst_us = l.late_worst_us;
}

void fill_ledger(const uncork_ledger_facts& l, Row& into) {
  into.writes = l.writes;
  into.wrote_bytes = l.wrote_bytes;
  into.blocks |= Block::ledger;
  std::uint64_t ended = 0;
  for (const std::uint32_t count : l.exchange_log2) ended += count;
  if (ended == 0) return;  // no quantiles yet
  into.exchanges = l.exchanges;
  Quantiles quantiles(l.exchange_log2, ended);
  into.exchange_p50_us = quantiles.next_us(50);
  into.exchange_p99_us = quantiles.next_us(99);
  into.blocks |= Block::exchanges;
}

}  // namespace

core::Result<KernelUnits> KernelUnits::running() {
  KernelUnits units;
  // The coarse clock advances once a tick, and the kernel says by how much (KTIME_LOW_RES): HZ without a config file.
  timespec resolution{};
  clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
  units.tick_ns = static_cast<std::uint32_t>(resolution.tv_nsec);
  const auto opened = core::checked("open a TCP socket", [] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  if (!opened) return core::fail(opened.error());
  const core::Fd socket(*opened);
  std::array<std::byte, 1024> info{};
  socklen_t length = info.size();
  constexpr int kTcpInfo = 11;
  const auto got =
      core::checked("read TCP_INFO", [&] { return ::getsockopt(socket.get(), IPPROTO_TCP, kTcpInfo, info.data(), &length); });
  if (!got) return core::fail(got.error());
  units.tcp_info_bytes = length;
  return units;
}

SocketFacts socket_at(const uncork_pass_place& place) {
  const bool has_ledger = (place.facts.present & UNCORK_HAS_LEDGER) != 0;
  return {&place.facts, has_ledger ? &place.ledger : nullptr};
}

void fill_row(const SocketFacts& facts, const KernelUnits& units, std::uint32_t clock_ms, Row& into) {
  const Facts& f = *facts.socket;
  fill_identity(f, into);
  fill_memory(f, into);
  if ((f.present & UNCORK_HAS_INET_FLAGS) != 0) {
    into.sock_opt = sock_opt_of(f.inet_flags);
    into.blocks |= Block::sock_opt;
  }
  into.tcp_info_state = f.state;
  into.tcp_info_pacing_rate = f.pacing_rate;
  into.tcp_info_max_pacing_rate = f.max_pacing_rate;
  into.tcp_info_reordering = f.reordering;
  into.tcp_info_snd_cwnd = f.snd_cwnd;
  fill_timer(f, units, into);
  if (f.state == kListen) {
    fill_listener(f, into);
  } else {
    fill_path(f, units, into);
    fill_counters(f, into);
    fill_chronographs(f, units, into);
    fill_later(f, clock_ms, into);
    if ((f.present & UNCORK_HAS_BBR) != 0 && f.state < kTimeWait) fill_bbr(f, into);  // as inet_sk_diag_fill()
  }
  into.blocks |= record::tcp_info_blocks(units.tcp_info_bytes) | Block::queues;
  if (facts.ledger == nullptr) return;
  fill_ledger(*facts.ledger, into);
  if ((f.present & UNCORK_HAS_STALLS) != 0) fill_stalls(*facts.ledger, into);
}

}  // namespace uncork::probe
