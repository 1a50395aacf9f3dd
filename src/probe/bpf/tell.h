/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Telling the ledger of an event, and streaming the same event on request: both ledgers hear the same. */
#pragma once

#include "probe/bpf/sender.h"
#include "probe/bpf/service.h"

#define WITH_FLAGS(kind, flags) ((kind) | (__u32)(flags) << 8)

// Times in a stream do not go back: an event that is seen late is told as at the one before it. `what`: kind and flags. Not
// static, so that the verifier looks at it once, and not again on each way to each call.
__noinline int stream_record(struct socket_state* st, __u32 what, __u64 at_us, __u32 bytes, __u32 mss_bytes) {
  struct uncork_record* r;

  if (!st) return 0;
  r = bpf_ringbuf_reserve(&records, sizeof *r, 0);
  if (!r) {
    count_up(UNCORK_COUNT_RING_FULL);
    return 0;
  }
  if (at_us > st->told_us) st->told_us = at_us;
  r->cookie = st->cookie;
  r->at_us = st->told_us;
  r->bytes = bytes;
  r->mss_bytes = mss_bytes;
  r->min_rtt_us = st->flow.min_rtt_us;
  r->window_limited_us = r->buffer_limited_us = 0;
  if ((what & 255) == UNCORK_RECORD_LIMITED) {
    r->window_limited_us = bytes;
    r->buffer_limited_us = mss_bytes;
  }
  r->flags = what >> 8;
  r->kind = what & 255;
  r->role = st->flow.role;
  bpf_ringbuf_submit(r, 0);
  return 0;
}

static __always_inline void stream(struct socket_state* st, struct tcp_sock* tp, __u32 what, __u64 at_us, __u32 bytes) {
  if (stream_records) stream_record(st, what, at_us, bytes, tp->mss_cache);
}

static __always_inline void tell_acked(struct socket_state* st, struct tcp_sock* tp, __u64 at_us, __u32 ack_seq, __u16 flags) {
  if (!stream_records || !before(st->told_una, ack_seq)) return;
  stream(st, tp, WITH_FLAGS(UNCORK_RECORD_ACKED, flags), at_us, ack_seq - st->told_una);
  st->told_una = ack_seq;
}

static __always_inline __u16 flags_of(const struct uncork_sender* s) {
  return (s->nodelay ? UNCORK_FLAG_NODELAY : 0) | (s->corked ? UNCORK_FLAG_CORKED : 0) |
         (s->window_limited ? UNCORK_FLAG_WINDOW_LIMITED : 0) | (s->congestion_limited ? UNCORK_FLAG_CONGESTION_LIMITED : 0) |
         (s->recovering ? UNCORK_FLAG_RECOVERING : 0) | (s->writer_blocked ? UNCORK_FLAG_WRITER_BLOCKED : 0) |
         (s->buffer_fixed ? UNCORK_FLAG_BUFFER_FIXED : 0) | (s->more ? UNCORK_FLAG_MORE : 0) | (s->paced ? UNCORK_FLAG_PACED : 0);
}

static __noinline void tell_look(struct socket_state* st, struct tcp_sock* tp, __u64 at_us) {
  struct uncork_sender s = {};

  read_sender(&s, tp, st);
  uncork_look(&st->flow, at_us, &s);
  if (st->flow.hold != UNCORK_HOLD_NONE) st->busy_jiffies = busy_jiffies(tp);
  stream(st, tp, WITH_FLAGS(UNCORK_RECORD_LOOKED, flags_of(&s)), at_us, 0);
}

static __always_inline bool nothing_waits(struct socket_state* st, struct tcp_sock* tp) {
  return st->write_seq == st->snd_nxt && st->flow.hold == UNCORK_HOLD_NONE && !writer_blocked(tp);
}

// How the sender looks at `at_us`.
static __always_inline void look(struct socket_state* st, struct tcp_sock* tp, __u64 at_us) {
  if (stream_records || !nothing_waits(st, tp)) tell_look(st, tp, at_us);
}

static __always_inline void tell_limits(struct socket_state* st, struct tcp_sock* tp) {
  struct limits limits = take_limits(st, tp);

  if (!limits.window_us && !limits.buffer_us) return;
  st->flow.window_credit_us += limits.window_us;
  st->flow.buffer_credit_us += limits.buffer_us;
  if (stream_records) stream_record(st, UNCORK_RECORD_LIMITED, st->told_us, limits.window_us, limits.buffer_us);
}

static __noinline void tell_retransmitted(struct socket_state* st, struct tcp_sock* tp, __u64 at_us) {
  bool fin_only = st->leaving && tp->write_seq - tp->snd_una <= 1;

  if (!st->flow.resent) st->reported = tp->dsack_dups;
  uncork_retransmitted(&st->flow, at_us, fin_only);
  st->flow.recovering = !fin_only && recovering(tp);
  stream(st, tp, WITH_FLAGS(UNCORK_RECORD_RETRANSMITTED, fin_only ? UNCORK_FLAG_FIN_ONLY : 0), at_us, 0);
}

// What the peer reported as duplicates since segments were sent again.
static __always_inline void tell_reported(struct socket_state* st, struct tcp_sock* tp) {
  __u32 reported;

  if (!st->flow.pending || !st->flow.resent) return;
  reported = tp->dsack_dups - st->reported;
  if (!reported) return;
  st->reported += reported;
  uncork_reported(&st->flow, reported);
  stream(st, tp, UNCORK_RECORD_REPORTED, st->told_us, reported);
}

// Data that arrived since the event before. `at_us`: when, unless a program has kept it.
static __noinline void tell_arrived(struct socket_state* st, struct tcp_sock* tp, __u32 rcv_nxt, __u64 at_us) {
  __u32 bytes = rcv_nxt - st->rcv_nxt;

  if (st->arrived_us) at_us = st->arrived_us;
  st->arrived_us = 0;
  tell_reported(st, tp);
  uncork_received(&st->flow, at_us);
  note_exchange(st, tp, st->write_seq, st->rcv_nxt);
  st->rcv_nxt = rcv_nxt;
  st->flow.received_bytes += bytes;
  stream(st, tp, UNCORK_RECORD_RECEIVED, at_us, bytes);
}

static __always_inline void take_arrival(struct socket_state* st, struct tcp_sock* tp, __u32 rcv_nxt, __u64 at_us) {
  if (before(st->rcv_nxt, rcv_nxt)) tell_arrived(st, tp, rcv_nxt, at_us);
}

// Bytes that were written or sent since the event before, at the time of the last push. The FIN takes a sequence number too, but
// nobody wrote it.
static __noinline void tell_writes(struct socket_state* st, struct tcp_sock* tp, __u32 write_seq, __u32 snd_nxt, __u64 at_us) {
  __u32 wrote = write_seq - st->write_seq, sent = snd_nxt - st->snd_nxt;

  if (wrote && !st->leaving) {
    uncork_wrote(&st->flow, at_us, st->writing);
    note_exchange(st, tp, st->write_seq, st->rcv_nxt);
    if (before(snd_nxt, write_seq)) uncork_waits(&st->flow, at_us, write_seq, st->writing);
    stream(st, tp, WITH_FLAGS(UNCORK_RECORD_WROTE, st->writing ? UNCORK_FLAG_CONTINUED : 0), at_us, wrote);
    st->writing = 1;
  } else if (wrote) {
    st->sent_fin = 1;
  }
  st->write_seq = write_seq;
  if (sent) {
    uncork_sent(&st->flow, at_us, snd_nxt, nodelay_of(tp));
    st->snd_nxt = snd_nxt;
    stream(st, tp, WITH_FLAGS(UNCORK_RECORD_SENT, nodelay_of(tp) ? UNCORK_FLAG_NODELAY : 0), at_us, sent);
  }
}

static __always_inline void take_writes(struct socket_state* st, struct tcp_sock* tp, __u64 at_us) {
  __u32 write_seq = tp->write_seq, snd_nxt = tp->snd_nxt;

  if (write_seq != st->write_seq || snd_nxt != st->snd_nxt) tell_writes(st, tp, write_seq, snd_nxt, at_us);
}

// A retransmission that could not tell of itself.
static __always_inline void take_resent(struct socket_state* st, struct tcp_sock* tp) {
  __u64 resent_us = st->resent_us;

  if (!resent_us) return;
  st->resent_us = 0;
  tell_retransmitted(st, tp, resent_us);
}

// When data arrived that no program saw arriving, if tcp_mstamp says something else by now: to a tick, from tcp_ack().
static __always_inline __u64 last_ack_us(struct tcp_sock* tp, __u64 now_us) {
  __u64 ago_us = (__u64)((__u32)bpf_jiffies64() - tp->rcv_tstamp) * tick_us;
  return ago_us < now_us ? now_us - ago_us : now_us;
}

static __noinline struct socket_state* open_state(struct sock* sk, __u8 role) {
  struct tcp_sock* tp = cast_to(struct tcp_sock, sk);
  struct socket_state* st;

  st = bpf_sk_storage_get(&sockets, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!st) {
    count_up(UNCORK_COUNT_NO_STORAGE);
    return 0;
  }
  // Opened with its connection, or before it has carried anything either way (tcp_ack() counts our SYN as a byte).
  st->born = role != UNCORK_ROLE_UNKNOWN || !tp->bytes_sent || (!tp->bytes_received && tp->bytes_acked <= 1);
  if (role == UNCORK_ROLE_UNKNOWN) role = role_by_ports(sk);
  st->cookie = bpf_get_socket_cookie(sk);
  uncork_open(&st->flow, clock_us(), role);
  st->write_seq = tp->write_seq;
  st->snd_nxt = tp->snd_nxt;
  st->rcv_nxt = tp->rcv_nxt;
  st->told_una = tp->snd_una;
  take_limits(st, tp);
  read_path(st, tp);
  if (stream_records) {
    struct uncork_sender s = {};
    read_sender(&s, tp, st);
    stream(st, tp, WITH_FLAGS(UNCORK_RECORD_OPENED, flags_of(&s)), st->flow.opened_us, 0);
  }
  return st;
}
