/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Reading the sender's half of a tcp_sock: what the hold rule asks. */
#pragma once

#include "probe/bpf/ledger_state.h"

static __always_inline __u8 nonagle_of(struct tcp_sock* tp) { return BPF_CORE_READ_BITFIELD(tp, nonagle); }

static __always_inline __u8 nodelay_of(struct tcp_sock* tp) { return nonagle_of(tp) & TCP_NAGLE_OFF; }

static __always_inline bool congestion_limited(struct tcp_sock* tp) {
  // tcp_packets_in_flight() against snd_cwnd
  return tp->packets_out - (tp->sacked_out + tp->lost_out) + tp->retrans_out >= tp->snd_cwnd;
}

// tcp_snd_wnd_test() of the segment at the head of the queue, or what tcp_write_xmit() last found (tcp_chrono_start).
static __always_inline bool window_limited(struct tcp_sock* tp, __u32 unsent, __u32 mss) {
  __s32 room = tp->snd_una + tp->snd_wnd - tp->snd_nxt;
  if (room < (__s32)(unsent < mss ? unsent : mss)) return true;
  return BPF_CORE_READ_BITFIELD(tp, chrono_type) == TCP_CHRONO_RWND_LIMITED;
}

// tcp_pacing_check(): TCP paces by itself, and its last attempt to send came before the time at which it may send next.
static __always_inline bool paced(struct tcp_sock* tp) {
  return tp->inet_conn.icsk_inet.sk.sk_pacing_status != SK_PACING_NONE && tp->tcp_wstamp_ns > tp->tcp_clock_cache;
}

static __always_inline bool recovering(struct tcp_sock* tp) {
  return BPF_CORE_READ_BITFIELD(&tp->inet_conn, icsk_ca_state) >= TCP_CA_RECOVERY;
}

// A writer waits for room, or polls for it. Only while more than half of the buffer is taken (sk_stream_is_writeable); what is
// less than half of the least that SO_SNDBUF can set (SOCK_MIN_SNDBUF) spares a look at the line of sk_sndbuf.
static __always_inline bool writer_blocked(struct tcp_sock* tp) {
  const int least_sndbuf = 4096;
  struct sock* sk = &tp->inet_conn.icsk_inet.sk;
  int queued = sk->sk_wmem_queued;
  struct socket* socket;

  if (queued * 2 < least_sndbuf || queued * 2 < sk->sk_sndbuf) return false;
  socket = sk->sk_socket;  // none once the socket is closed
  return socket && (socket->flags >> SOCK_NOSPACE & 1);
}

static __noinline void read_sender(struct uncork_sender* s, struct tcp_sock* tp, struct socket_state* st) {
  __u8 nonagle = nonagle_of(tp);

  s->unsent_bytes = st->write_seq - st->snd_nxt;
  s->flight_bytes = tp->packets_out ? st->snd_nxt - tp->snd_una : 0;
  s->mss_bytes = tp->mss_cache;
  s->small_unacked = before(tp->snd_una, tp->snd_sml) && !before(tp->snd_nxt, tp->snd_sml);
  s->nodelay = !!(nonagle & TCP_NAGLE_OFF);
  s->corked = !!(nonagle & TCP_NAGLE_CORK);
  s->more = !st->leaving && tp->pushed_seq != tp->write_seq;  // tcp_push(): marked unless MSG_MORE
  s->window_limited = s->unsent_bytes && window_limited(tp, s->unsent_bytes, s->mss_bytes);
  s->writer_blocked = writer_blocked(tp);
  s->buffer_fixed = !!(BPF_CORE_READ_BITFIELD(&tp->inet_conn.icsk_inet.sk, sk_userlocks) & SOCK_SNDBUF_LOCK);
  s->congestion_limited = congestion_limited(tp);
  s->paced = paced(tp);
  s->recovering = st->flow.recovering;
}

// tcp_chrono_start/stop in tcp_output.c: jiffies in which the peer's window or our send buffer was the limit.
struct limits {
  __u32 window_us;
  __u32 buffer_us;
};

static __always_inline struct limits take_limits(struct socket_state* st, struct tcp_sock* tp) {
  __u32 window = tp->chrono_stat[TCP_CHRONO_RWND_LIMITED - 1];
  __u32 buffer = tp->chrono_stat[TCP_CHRONO_SNDBUF_LIMITED - 1];
  __u8 type = BPF_CORE_READ_BITFIELD(tp, chrono_type);
  struct limits limits = {};

  if (type >= TCP_CHRONO_RWND_LIMITED) {
    __u32 running = (__u32)bpf_jiffies64() - tp->chrono_start;
    if (type == TCP_CHRONO_RWND_LIMITED)
      window += running;
    else
      buffer += running;
  }
  limits.window_us = (window - st->window_jiffies) * tick_us;
  limits.buffer_us = (buffer - st->buffer_jiffies) * tick_us;
  st->window_jiffies = window;
  st->buffer_jiffies = buffer;
  return limits;
}

static __always_inline void read_path(struct socket_state* st, struct tcp_sock* tp) {
  __u32 min_rtt = tp->rtt_min.s[0].v;
  st->flow.min_rtt_us = min_rtt == ~0u ? 0 : min_rtt;  // tcp_min_rtt(): ~0 before the first sample
  if (st->flow.recovering) st->flow.recovering = recovering(tp);
}
