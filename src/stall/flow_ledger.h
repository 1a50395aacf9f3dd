/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/* The accounting of one connection seen from one end: each microsecond is charged to one cause. Shared C, like hold_rule.h: the
 * kernel programs keep one uncork_flow in each socket's storage, the C++ ledger one per connection.
 *
 * How it works. `charged_until_us` is the time up to which everything is charged. An event settles the interval from there
 * to its own time, if it decides the interval's cause; an event that does not decide (a pure ACK while nothing is held) leaves
 * it open. A Nagle or cork hold is collected in `held_us` and charged when the event that ends it shows whose fault it was. So
 *     sum(budget_us) + held_us == charged_until_us - opened_us
 * after every call: time is neither lost nor counted twice, whatever the events are, even if their clock steps back.
 *
 * A connection is a row of exchanges: the requester writes, the responder answers. The requester's first bytes after an
 * answer begin the next exchange; the time before them, which was nobody's turn, is idle and belongs to no exchange. */
#pragma once

#include "stall/hold_rule.h"

#ifdef __cplusplus
#define UNCORK_CAST(type, value) static_cast<type>(value)
#else
#define UNCORK_CAST(type, value) ((type)(value))
#endif

enum uncork_role { UNCORK_ROLE_UNKNOWN, UNCORK_ROLE_REQUESTER, UNCORK_ROLE_RESPONDER };
enum uncork_phase { UNCORK_PHASE_QUIET, UNCORK_PHASE_REQUEST, UNCORK_PHASE_ANSWER };

/* The event that settles an interval. UNCORK_BY_OTHER settles holds only. */
enum uncork_settled_by {
  UNCORK_BY_WRITE,
  UNCORK_BY_RECEIVE,
  UNCORK_BY_READ,
  UNCORK_BY_RETRANSMIT,
  UNCORK_BY_CLOSE,
  UNCORK_BY_OTHER
};

/* A pause inside an answer that is longer than this is nobody's think time: the next bytes are a message of their own on a
 * connection that was idle (a push). */
#define UNCORK_ANSWER_PAUSE_US 1000000u

#define UNCORK_CAUSE_SLOTS 16 /* a power of two, so that an index is masked for the kernel's verifier */
#define UNCORK_LOG2_BUCKETS                                                                           \
  32 /* bucket n counts durations of 2^n to 2^(n+1)-1 us; the first also 0, the last also longer ones \
      */

/* What every event touches comes first and fills one cache line; the budget fills the next two, the counters one more. */
struct uncork_flow {
  uncork_u64 charged_until_us;
  uncork_u64 sent_us; /* last transmission of new data */
  uncork_u64 held_us; /* the running Nagle or cork hold, up to charged_until_us */
  uncork_u64 exchange_begin_us;
  uncork_u64 exchange_end_us; /* end of the last charge that was not idle */
  uncork_u32 min_rtt_us;
  uncork_u32 window_credit_us; /* limited time told by the kernel's chronographs (tcp_chrono), not charged yet */
  uncork_u32 buffer_credit_us;
  uncork_u8 role;
  uncork_u8 phase;
  uncork_u8 hold;
  uncork_u8 unread;
  uncork_u8 recovering;
  uncork_u8 unused[7];

  uncork_u64 budget_us[UNCORK_CAUSE_SLOTS];

  uncork_u64 opened_us;
  uncork_u64 last_exchange_us; /* wall time of the last finished exchange */
  uncork_u64 wrote_bytes;
  uncork_u64 received_bytes;
  uncork_u32 writes;
  uncork_u32 exchanges; /* begun */
  uncork_u32 holds;     /* Nagle and cork holds that lasted */
  uncork_u32 unused2;
  uncork_u32 hold_log2[UNCORK_LOG2_BUCKETS];
  uncork_u32 exchange_log2[UNCORK_LOG2_BUCKETS];
};

UNCORK_INLINE uncork_u64 uncork_lesser(uncork_u64 a, uncork_u64 b) { return a < b ? a : b; }

UNCORK_INLINE void uncork_count_log2(uncork_u32* buckets, uncork_u64 us) {
  uncork_u32 bucket = 0;
  if (us >> 32) us = 0xffffffffu;
  if (us >> 16) us >>= 16, bucket += 16;
  if (us >> 8) us >>= 8, bucket += 8;
  if (us >> 4) us >>= 4, bucket += 4;
  if (us >> 2) us >>= 2, bucket += 2;
  if (us >> 1) bucket += 1;
  buckets[bucket & (UNCORK_LOG2_BUCKETS - 1)] += 1;
}

UNCORK_INLINE void uncork_open(struct uncork_flow* f, uncork_u64 now_us, uncork_u8 role) {
  f->opened_us = f->charged_until_us = now_us;
  f->exchange_begin_us = f->exchange_end_us = now_us;
  f->role = role;
}

UNCORK_INLINE void uncork_charge(struct uncork_flow* f, uncork_u32 cause, uncork_u64 us) {
  f->budget_us[cause & (UNCORK_CAUSE_SLOTS - 1)] += us;
  f->charged_until_us += us;
  if (cause != UNCORK_IDLE) f->exchange_end_us = f->charged_until_us;
}

UNCORK_INLINE int uncork_is_held(const struct uncork_flow* f) {
  return f->hold == UNCORK_HOLD_NAGLE || f->hold == UNCORK_HOLD_CORK;
}

/* Whether bytes that were written (or received) at `now_us` begin an exchange. */
UNCORK_INLINE int uncork_begins_exchange(const struct uncork_flow* f, uncork_u64 now_us, enum uncork_settled_by by) {
  const uncork_u8 asking = by == UNCORK_BY_WRITE ? UNCORK_ROLE_REQUESTER : UNCORK_ROLE_RESPONDER;
  if (f->phase == UNCORK_PHASE_QUIET) return 1;
  if (f->phase != UNCORK_PHASE_ANSWER) return 0;
  if (f->role == asking) return 1;
  return f->hold == UNCORK_HOLD_NONE && now_us > f->charged_until_us + UNCORK_ANSWER_PAUSE_US;
}

/* Nothing is held: the part of the interval in which our last bytes were still on the wire, then whoever's turn it was. */
UNCORK_INLINE void uncork_settle_turn(struct uncork_flow* f, uncork_u64 rest_us, enum uncork_settled_by by, int begins) {
  const uncork_u64 arrived_us = f->sent_us + f->min_rtt_us;
  if (by == UNCORK_BY_RETRANSMIT || f->recovering) {
    uncork_charge(f, UNCORK_LOSS_RECOVERY, rest_us);
    return;
  }
  if (by == UNCORK_BY_READ) {
    uncork_charge(f, UNCORK_READ_LAG, rest_us);
    return;
  }
  if (f->sent_us <= f->charged_until_us && arrived_us > f->charged_until_us) {
    const uncork_u64 wire_us = uncork_lesser(rest_us, arrived_us - f->charged_until_us);
    uncork_charge(f, UNCORK_NETWORK, wire_us);
    rest_us -= wire_us;
  }
  if (rest_us == 0) return;
  if (begins || by == UNCORK_BY_CLOSE) {
    uncork_charge(f, UNCORK_IDLE, rest_us);
  } else {
    uncork_charge(f, by == UNCORK_BY_WRITE ? UNCORK_LOCAL_THINK : UNCORK_PEER_THINK, rest_us);
  }
}

UNCORK_INLINE void uncork_settle(struct uncork_flow* f, uncork_u64 now_us, enum uncork_settled_by by, int begins) {
  uncork_u64 rest_us;
  if (now_us <= f->charged_until_us) return;
  if (f->hold == UNCORK_HOLD_NONE && by == UNCORK_BY_OTHER) return;
  rest_us = now_us - f->charged_until_us;
  if (uncork_is_held(f)) {
    f->held_us += rest_us;
    f->charged_until_us = now_us;
    return;
  }
  if (f->hold == UNCORK_HOLD_BUFFER) {
    f->buffer_credit_us = 0; /* the same time, told twice */
    uncork_charge(f, UNCORK_SEND_BUFFER, rest_us);
    return;
  }
  if (f->hold == UNCORK_HOLD_WINDOW) {
    f->window_credit_us = 0; /* likewise */
    uncork_charge(f, UNCORK_RECEIVE_WINDOW, rest_us);
    return;
  }
  if (f->window_credit_us) {
    const uncork_u64 part_us = uncork_lesser(rest_us, f->window_credit_us);
    f->window_credit_us -= UNCORK_CAST(uncork_u32, part_us);
    uncork_charge(f, UNCORK_RECEIVE_WINDOW, part_us);
    rest_us -= part_us;
  }
  if (f->buffer_credit_us && rest_us) {
    const uncork_u64 part_us = uncork_lesser(rest_us, f->buffer_credit_us);
    f->buffer_credit_us -= UNCORK_CAST(uncork_u32, part_us);
    uncork_charge(f, UNCORK_SEND_BUFFER, part_us);
    rest_us -= part_us;
  }
  if (rest_us == 0) return;
  if (f->hold == UNCORK_HOLD_NONE) {
    uncork_settle_turn(f, rest_us, by, begins);
  } else if (f->hold == UNCORK_HOLD_CONGESTION) {
    uncork_charge(f, UNCORK_CONGESTION_WINDOW, rest_us);
  } else {
    uncork_charge(f, f->hold == UNCORK_HOLD_RECOVERY ? UNCORK_LOSS_RECOVERY : UNCORK_UNATTRIBUTED, rest_us);
  }
}

/* Charges the hold collected so far to `cause`; the hold itself may go on. */
UNCORK_INLINE void uncork_pay_hold(struct uncork_flow* f, uncork_u32 cause) {
  if (f->held_us == 0) return;
  f->budget_us[cause & (UNCORK_CAUSE_SLOTS - 1)] += f->held_us;
  f->exchange_end_us = f->charged_until_us;
  f->holds += 1;
  uncork_count_log2(f->hold_log2, f->held_us);
  f->held_us = 0;
}

UNCORK_INLINE uncork_u32 uncork_hold_cause(const struct uncork_flow* f, uncork_u64 now_us, uncork_u8 ack_on_data) {
  const uncork_u64 unacked_us = now_us > f->sent_us ? now_us - f->sent_us : 0;
  if (f->hold == UNCORK_HOLD_CORK) return UNCORK_CORK;
  return uncork_nagle_cause(unacked_us, f->min_rtt_us, ack_on_data);
}

/* The hold, if any, ends now. */
UNCORK_INLINE void uncork_end_hold(struct uncork_flow* f, uncork_u64 now_us, uncork_u8 ack_on_data) {
  if (f->hold == UNCORK_HOLD_NONE) return;
  uncork_settle(f, now_us, UNCORK_BY_OTHER, 0);
  if (uncork_is_held(f)) uncork_pay_hold(f, uncork_hold_cause(f, now_us, ack_on_data));
  f->hold = UNCORK_HOLD_NONE;
}

/* What is held now, and why. From none to some, the open interval is charged to the new hold: the sender is looked at when
 * an event arrives, and was in that state since the event before (bytes that are written settle the interval first). */
UNCORK_INLINE void uncork_set_hold(struct uncork_flow* f, uncork_u64 now_us, enum uncork_hold hold) {
  if (f->hold == UNCORK_CAST(uncork_u8, hold)) return;
  uncork_end_hold(f, now_us, 0);
  f->hold = UNCORK_CAST(uncork_u8, hold);
}

UNCORK_INLINE void uncork_begin_exchange(struct uncork_flow* f, uncork_u64 now_us) {
  if (uncork_is_held(f)) uncork_pay_hold(f, uncork_hold_cause(f, now_us, 0));
  if (f->exchanges) {
    f->last_exchange_us = f->exchange_end_us - f->exchange_begin_us;
    uncork_count_log2(f->exchange_log2, f->last_exchange_us);
  }
  f->exchanges += 1;
  f->exchange_begin_us = f->exchange_end_us = f->charged_until_us;
}

/* Bytes of the peer (UNCORK_BY_RECEIVE) or of our application (UNCORK_BY_WRITE) go to their phase of an exchange. */
UNCORK_INLINE void uncork_turn(struct uncork_flow* f, uncork_u64 now_us, enum uncork_settled_by by) {
  int begins;
  if (f->role == UNCORK_ROLE_UNKNOWN) f->role = by == UNCORK_BY_WRITE ? UNCORK_ROLE_REQUESTER : UNCORK_ROLE_RESPONDER;
  begins = uncork_begins_exchange(f, now_us, by);
  uncork_settle(f, now_us, by, begins);
  if (begins) uncork_begin_exchange(f, now_us);
  f->phase = (f->role == UNCORK_ROLE_REQUESTER) == (by == UNCORK_BY_WRITE) ? UNCORK_PHASE_REQUEST : UNCORK_PHASE_ANSWER;
}

/* --- The events. Times are microseconds of CLOCK_MONOTONIC. --- */

/* The application wrote; whether TCP sent it is told by uncork_sent and uncork_set_hold. */
UNCORK_INLINE void uncork_wrote(struct uncork_flow* f, uncork_u64 now_us) { uncork_turn(f, now_us, UNCORK_BY_WRITE); }

/* New data left; a hold of it is over. */
UNCORK_INLINE void uncork_sent(struct uncork_flow* f, uncork_u64 now_us) {
  uncork_end_hold(f, now_us, 0);
  f->sent_us = now_us;
}

/* An ACK came. `releases`: it covers the small segment for which Nagle waited. */
UNCORK_INLINE void uncork_acked(struct uncork_flow* f, uncork_u64 now_us, int releases, uncork_u8 ack_on_data) {
  if (releases && f->hold == UNCORK_HOLD_NAGLE) uncork_end_hold(f, now_us, ack_on_data);
}

UNCORK_INLINE void uncork_received(struct uncork_flow* f, uncork_u64 now_us) {
  uncork_turn(f, now_us, UNCORK_BY_RECEIVE);
  f->unread = 1;
}

UNCORK_INLINE void uncork_read(struct uncork_flow* f, uncork_u64 now_us) {
  if (!f->unread) return;
  uncork_settle(f, now_us, UNCORK_BY_READ, 0);
  f->unread = 0;
}

/* A segment was sent again: the time until now was lost to it, a Nagle hold behind it included. */
UNCORK_INLINE void uncork_retransmitted(struct uncork_flow* f, uncork_u64 now_us) {
  uncork_settle(f, now_us, UNCORK_BY_RETRANSMIT, 0);
  if (f->hold == UNCORK_HOLD_NAGLE) uncork_pay_hold(f, UNCORK_LOSS_RECOVERY);
}

UNCORK_INLINE void uncork_closed(struct uncork_flow* f, uncork_u64 now_us) {
  uncork_end_hold(f, now_us, 0);
  uncork_settle(f, now_us, UNCORK_BY_CLOSE, 0);
  if (f->exchanges) {
    f->last_exchange_us = f->exchange_end_us - f->exchange_begin_us;
    uncork_count_log2(f->exchange_log2, f->last_exchange_us);
  }
}
