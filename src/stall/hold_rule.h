/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/* The causes of the stall ledger and the rule that says why written bytes have not left yet. C, because the kernel programs and
 * the C++ ledger share it: one rule, two users, and a net test that holds them to each other. */
#pragma once

typedef unsigned char uncork_u8;
typedef unsigned int uncork_u32;
typedef unsigned long long uncork_u64;

#define UNCORK_INLINE static inline __attribute__((always_inline))
/* Larger functions, called from many places. In the kernel programs they are not static: so the verifier looks at each once, and
 * not again on every way to every call. It then knows nothing of the arguments; hence the result and the checks for null. */
#ifdef __bpf__
#define UNCORK_SHARED __attribute__((noinline)) int
#else
#define UNCORK_SHARED static inline int
#endif

/* Every microsecond of a connection is charged to exactly one of these. The names in JSON and tables are the words below. Those
 * before UNCORK_STALLS are stalls: bytes were ready to go and something that can be changed kept them. */
enum uncork_cause {
  UNCORK_NAGLE_DELAYED_ACK, /* Nagle held the bytes and the peer's delayed-ACK timer decided when to answer */
  UNCORK_NAGLE_ROUND_TRIP,  /* Nagle held them for a round trip; the peer acknowledged at once or with its answer */
  UNCORK_CORK,              /* TCP_CORK or MSG_MORE held a partial segment */
  UNCORK_RECEIVE_WINDOW,    /* the peer offered no window: its application does not read */
  UNCORK_CONGESTION_WINDOW, /* the congestion window was full, or a segment was deferred under a nearly full one */
  UNCORK_PACING,            /* the socket's pacing rate set the pace (bbr, fq, SO_MAX_PACING_RATE) */
  UNCORK_LOSS_RECOVERY,     /* they, or bytes before them, were being retransmitted */
  UNCORK_SEND_BUFFER,       /* the writer was blocked on a full send buffer */
  UNCORK_NETWORK,           /* they were on the wire */
  UNCORK_PEER_THINK,        /* the peer had not answered yet */
  UNCORK_LOCAL_THINK,       /* a request was read here and the answer had not been written yet */
  UNCORK_READ_LAG,          /* bytes lay readable and the application had not read them */
  UNCORK_IDLE,              /* nobody was waiting for anything */
  UNCORK_UNATTRIBUTED,      /* bytes waited and no rule says why; shown, never hidden */
  UNCORK_CAUSES,
  UNCORK_STALLS = UNCORK_NETWORK
};

/* Why the bytes that the application wrote, and TCP has not sent, are waiting. */
enum uncork_hold {
  UNCORK_HOLD_NONE,       /* nothing waits unsent */
  UNCORK_HOLD_NAGLE,      /* a partial segment waits for the ACK of an earlier small one */
  UNCORK_HOLD_CORK,       /* TCP_CORK, or MSG_MORE */
  UNCORK_HOLD_WINDOW,     /* the peer's window */
  UNCORK_HOLD_BUFFER,     /* less than a segment waits, or nothing: the writer is blocked on a full send buffer */
  UNCORK_HOLD_CONGESTION, /* the congestion window */
  UNCORK_HOLD_PACING,     /* the pacing timer */
  UNCORK_HOLD_RECOVERY,   /* loss recovery comes first */
  UNCORK_HOLD_OTHER       /* none of the above: small queues, memory */
};

/* A sender as the rule sees it: snapshot of one socket, bytes in sequence space. */
struct uncork_sender {
  uncork_u32 unsent_bytes;      /* write_seq - snd_nxt */
  uncork_u32 flight_bytes;      /* snd_nxt - snd_una; 0 when nothing is in flight */
  uncork_u32 mss_bytes;         /* mss_cache */
  uncork_u8 small_unacked;      /* the last partial segment sent is not acknowledged (tcp_minshall_check) */
  uncork_u8 nodelay;            /* nonagle & TCP_NAGLE_OFF */
  uncork_u8 corked;             /* nonagle & TCP_NAGLE_CORK */
  uncork_u8 more;               /* the last write had MSG_MORE (tcp_push marks a push, tcp_mark_push, unless it had) */
  uncork_u8 window_limited;     /* the peer's window has no room for the next segment (tcp_snd_wnd_test) */
  uncork_u8 writer_blocked;     /* SOCK_NOSPACE: the writer waits for room, or polls for it after EAGAIN */
  uncork_u8 buffer_fixed;       /* SO_SNDBUF set (SOCK_SNDBUF_LOCK): the kernel does not enlarge the buffer by itself */
  uncork_u8 congestion_limited; /* packets in flight >= snd_cwnd */
  uncork_u8 paced;              /* the pacing timer has not run out (tcp_pacing_check) */
  uncork_u8 recovering;         /* ca_state is Recovery or Loss */
};

/* Linux tcp_output.c, tcp_write_xmit(): the tests in the order in which the kernel applies them to the head of the queue
 * (pacing, cwnd, window, then tcp_nagle_test for the partial tail, tcp_tso_should_defer for full segments). tcp_nagle_check holds
 * a partial tail if corked, if the last write had MSG_MORE, or if Nagle is on and a small segment is unacknowledged. Pacing comes
 * last here, though it is tested first: a paced tail that Nagle would hold leaves no sooner without pacing. And where the
 * application has fixed the buffer and waits for room in it, the pace is only what that buffer lets the congestion control
 * measure. While the writer is blocked and neither window holds full segments back, more room would put more on the wire: the
 * buffer is the limit (compare tcp_cwnd_validate, which starts TCP_CHRONO_SNDBUF_LIMITED). Full segments that wait behind others
 * in flight, though the congestion window is not full, are deferred in the hope that it opens further (tcp_tso_should_defer). */
UNCORK_INLINE enum uncork_hold uncork_hold_of(const struct uncork_sender* s) {
  if (s->unsent_bytes == 0) return s->writer_blocked && !s->recovering ? UNCORK_HOLD_BUFFER : UNCORK_HOLD_NONE;
  if (s->recovering) return UNCORK_HOLD_RECOVERY;
  if (s->window_limited) return UNCORK_HOLD_WINDOW;
  if (s->writer_blocked && s->unsent_bytes < s->mss_bytes) return UNCORK_HOLD_BUFFER;
  if (s->flight_bytes && s->congestion_limited) return UNCORK_HOLD_CONGESTION;
  if (s->unsent_bytes < s->mss_bytes) {
    if (s->corked || s->more) return UNCORK_HOLD_CORK;
    if (!s->nodelay && s->flight_bytes && s->small_unacked) return UNCORK_HOLD_NAGLE;
  }
  if (s->paced) return s->writer_blocked && s->buffer_fixed ? UNCORK_HOLD_BUFFER : UNCORK_HOLD_PACING;
  if (s->unsent_bytes < s->mss_bytes) return UNCORK_HOLD_OTHER;
  if (s->writer_blocked) return UNCORK_HOLD_BUFFER;
  return s->flight_bytes ? UNCORK_HOLD_CONGESTION : UNCORK_HOLD_OTHER;
}

/* The shortest delayed-ACK timers in use: Linux 40 ms less one 4 ms tick and change, and the least that a pure ACK must lag
 * behind the best round trip to count as delayed at all (a tuned timer rounds up to a tick: measured 7 to 11 ms for 5 ms). */
#define UNCORK_DELAYED_ACK_US 35000u
#define UNCORK_PROMPT_ACK_US 4000u

/* Who pays for a Nagle hold, decided by what ended it. `unacked_us` is how long the segment in flight went unacknowledged, up to
 * the event that ended the hold. An ACK that came on data before the timer is the peer answering, not its timer; a pure ACK that
 * lags the best round trip by more than a tick (or by more than that round trip again, on a long path whose time varies) was
 * delayed. A hold ended by something else than an ACK (NODELAY set, more bytes, FIN) is judged as by a pure ACK at that time. */
UNCORK_INLINE enum uncork_cause uncork_nagle_cause(uncork_u64 unacked_us, uncork_u32 min_rtt_us, uncork_u8 ack_on_data) {
  uncork_u64 prompt_us = min_rtt_us > UNCORK_PROMPT_ACK_US ? min_rtt_us : UNCORK_PROMPT_ACK_US;
  if (ack_on_data || prompt_us > UNCORK_DELAYED_ACK_US) prompt_us = UNCORK_DELAYED_ACK_US;
  return unacked_us >= min_rtt_us + prompt_us ? UNCORK_NAGLE_DELAYED_ACK : UNCORK_NAGLE_ROUND_TRIP;
}
