/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/* The accounting of one connection seen from one end: each microsecond is charged to one cause. Shared C, like hold_rule.h: the
 * kernel programs keep one uncork_flow in each socket's storage, the C++ ledger one per connection.
 *
 * How it works. `charged_until_us` is the time up to which everything is charged. An event settles the interval from there
 * to its own time, if it decides the interval's cause; an event that does not decide (a pure ACK while nothing is held) leaves
 * it open. A Nagle or cork hold is collected in `held_us` and charged when the event that ends it shows whose fault it was. So
 *     sum(budget_us) + sum(pending_us) + held_us == charged_until_us - opened_us
 * after every call: time is neither lost nor counted twice, whatever the events are, even if their clock steps back.
 *
 * A connection is a row of exchanges: the requester writes, the responder answers. The requester's first bytes after an
 * answer begin the next exchange; the time before them, which was nobody's turn, is idle and belongs to no exchange.
 *
 * A hold is not a loss. Lost is how much sooner the exchange would have ended without it, and that shows only afterwards. So what
 * is charged to a stall is pending first, until one of these comes:
 *  - The application goes on with its message: it writes again (without having been blocked), clears TCP_CORK, sets TCP_NODELAY
 * or closes. It was at work until then, and the peer had to wait for that work whatever was held meanwhile: local_think.
 *  - The peer's next data, the end of the connection, or the next exchange: the message had been whole, and its last byte left as
 *    much later as was held since the last write: lost.
 *  - The peer reports as duplicates (DSACK, RFC 2883) as many segments as were sent again, or acknowledges one sooner than a
 * round trip after it was sent again: nothing had been lost on the path, and the time is what it would have been without,
 * peer_think.
 *
 * Messages that overlap. A Nagle hold that ends with data of the peer, or during which such data comes, shows that the peer could
 * answer without the held bytes: these belong to other messages, and only those wait. Were all of n outstanding messages of one
 * size answered a round trip after they leave, and m of them held, a cure would let those m end sooner by the hold's length, and
 * the n - m not at all: what all of them together get back is m/n of the hold. A message's bytes stand for it: of each moment the
 * share unsent / (unsent + in flight) is lost, and the rest is the wire's and the peer's. No more than a round trip (and
 * UNCORK_PROMPT_ACK_US / 4, for the processors) of one hold is claimed so: a peer that takes longer may work at one message after
 * the other, and then the held ones would have waited there. And nothing where the round trip itself is no longer than the
 * processors need (less than UNCORK_JITTER_US): there is no wire to wait for. Measured: lab field F17 with and without
 * TCP_NODELAY (96 of 94 ms, 107 of 103, 1,030 of 1,049); on loopback a subscriber of mosquitto with twenty messages under way,
 * which TCP_NODELAY gave nothing. */
#pragma once

#include "stall/hold_rule.h"
#include "stall/late_writes.h"

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

/* What ended a hold. */
enum uncork_ended_by {
  UNCORK_ENDED_BY_ACK,    /* a bare ACK, a timer, a probe: nothing that either application did */
  UNCORK_ENDED_BY_ANSWER, /* an ACK on data of the peer */
  UNCORK_ENDED_BY_WORK    /* the application: TCP_CORK cleared, TCP_NODELAY set, closed */
};

/* A pause inside an answer that is longer than this is nobody's think time: the next bytes are a message of their own on a
 * connection that was idle (a push). */
#define UNCORK_ANSWER_PAUSE_US 1000000u

/* The kernel lets a corked partial segment go by itself after the probe timer, max(RTO, TCP_RTO_MIN) = 200 ms, less a tick (Linux
 * tcp_check_probe_timer, tcp_probe0_base). What left sooner, without an ACK, was let go by the application. */
#define UNCORK_CORK_TIMER_US 190000u

/* A round trip that is shorter than this is made of the processors' work, not of a wire (measured on loopback: 20 to 80 us). */
#define UNCORK_JITTER_US 100u

#define UNCORK_CAUSE_SLOTS 16 /* a power of two, so that an index is masked for the kernel's verifier */
#define UNCORK_STALL_SLOTS 8  /* likewise; UNCORK_STALLS are used */
#define UNCORK_LOG2_BUCKETS                                                                           \
  32 /* bucket n counts durations of 2^n to 2^(n+1)-1 us; the first also 0, the last also longer ones \
      */

/* In late_cause: something was charged to a stall, or was held. Until then no stall has a part in budget_us, pending_us or late,
 * and there were no holds; who knows that need not look at all that. */
#define UNCORK_STALLED 0x80u

/* What every event touches comes first, and fills a cache line and a half; the rest, but for the budget and one bucket of the
 * exchanges, is touched only while something is held or was sent again (the flags pending, hold and waits say so). Each line
 * that the network stack has pushed out in between costs an event some 5 ns (measured: bench probe). */
struct uncork_flow {
  uncork_u64 charged_until_us;
  uncork_u64 sent_us; /* last transmission of data */
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
  uncork_u8 pending;    /* something is in pending_us, or segments were sent again */
  uncork_u8 blocked;    /* the writer waited for room since its last write: that write was no work */
  uncork_u8 overlap;    /* data of the peer came during the running hold */
  uncork_u8 nodelay;    /* as of the running hold's begin, or when it was looked at last */
  uncork_u8 late_cause; /* a slot of `late`, and UNCORK_STALLED */
  uncork_u8 waits;      /* something is in `waiting` */
  uncork_u8 finished;   /* the local end has closed */
  uncork_u32 exchanges; /* begun */
  uncork_u32 writes;
  uncork_u64 wrote_bytes;
  uncork_u64 received_bytes;
  uncork_u64 last_exchange_us; /* wall time of the last finished exchange */

  uncork_u64 budget_us[UNCORK_CAUSE_SLOTS];

  uncork_u64 held_us;       /* the running Nagle or cork hold, up to charged_until_us */
  uncork_u64 worked_us;     /* of it, up to the application's last write */
  uncork_u64 shared_us;     /* of it, the share of the outstanding bytes that was held */
  uncork_u64 held_since_us; /* its begin */
  uncork_u64 resent_us;     /* last retransmission */

  uncork_u32 exchange_log2[UNCORK_LOG2_BUCKETS]; /* two cache lines of their own */

  uncork_u32 unsent_bytes; /* as of the last look */
  uncork_u32 flight_bytes;
  uncork_u32 resent;   /* segments sent again since the peer's last data */
  uncork_u32 reported; /* segments that the peer reported as duplicates since then */
  uncork_u64 pending_us[UNCORK_STALL_SLOTS];

  uncork_u64 opened_us;
  uncork_u32 holds; /* Nagle and cork holds that lasted */
  uncork_u32 spurious_probes;
  struct uncork_late late[UNCORK_CAUSE_SLOTS]; /* by stall; what no rule explains stays in its own slot, and accuses nobody */
  struct uncork_waiting waiting;
  uncork_u32 hold_log2[UNCORK_LOG2_BUCKETS];
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
  f->late_cause = UNCORK_UNATTRIBUTED;
}

/* --- charging --- */

/* Time whose cause is known, and which moves no mark. */
UNCORK_INLINE void uncork_book(struct uncork_flow* f, uncork_u32 cause, uncork_u64 us) {
  if (us == 0) return;
  if (cause < UNCORK_STALLS) {
    f->pending_us[cause & (UNCORK_STALL_SLOTS - 1)] += us;
    f->pending = 1;
    f->late_cause = UNCORK_CAST(uncork_u8, cause | UNCORK_STALLED);
  } else {
    f->budget_us[cause & (UNCORK_CAUSE_SLOTS - 1)] += us;
  }
}

UNCORK_INLINE void uncork_charge(struct uncork_flow* f, uncork_u32 cause, uncork_u64 us) {
  uncork_book(f, cause, us);
  f->charged_until_us += us;
  if (cause != UNCORK_IDLE) f->exchange_end_us = f->charged_until_us;
}

/* Bytes up to sequence number `end` have left: those writes that waited were late by the cause that was charged last. */
UNCORK_INLINE void uncork_leave(struct uncork_flow* f, uncork_u64 now_us, uncork_u32 end) {
  if (!f->waits) return;
  uncork_let_leave(&f->waiting, &f->late[f->late_cause & (UNCORK_CAUSE_SLOTS - 1)], now_us, end);
  f->waits = f->waiting.count != 0;
}

/* All that was sent again need not have been. */
UNCORK_INLINE int uncork_was_spurious(const struct uncork_flow* f) { return f->resent != 0 && f->reported >= f->resent; }

/* The peer answers, or has closed. Sooner than a round trip after a segment was sent again, that is no answer to it: the first
 * copy had arrived. Where there is no wire, the processors need longer than the best round trip now and then (measured: pgbench
 * -C, whose server leaves 8 to 66 us after the probe). */
UNCORK_INLINE void uncork_judge_resent(struct uncork_flow* f, uncork_u64 now_us) {
  const uncork_u64 least_us = f->min_rtt_us < UNCORK_JITTER_US ? f->min_rtt_us + UNCORK_JITTER_US : f->min_rtt_us;
  if (f->pending && f->resent && now_us < f->resent_us + least_us) f->reported = f->resent;
}

UNCORK_SHARED uncork_lose_what_is_pending(struct uncork_flow* f) {
  int i;
  if (!f) return 0;
  if (f->resent) {
    if (uncork_was_spurious(f)) {
      f->spurious_probes += f->resent;
      f->budget_us[UNCORK_PEER_THINK] += f->pending_us[UNCORK_LOSS_RECOVERY];
      f->pending_us[UNCORK_LOSS_RECOVERY] = 0;
    }
    f->resent = f->reported = 0;
  }
  for (i = 0; i < UNCORK_STALLS; i++) {
    f->budget_us[i] += f->pending_us[i];
    f->pending_us[i] = 0;
  }
  f->pending = 0;
  return 0;
}

/* What is pending was lost. */
UNCORK_INLINE void uncork_lose_pending(struct uncork_flow* f) {
  if (f->pending) uncork_lose_what_is_pending(f);
}

UNCORK_SHARED uncork_excuse_what_is_pending(struct uncork_flow* f) {
  int i;
  if (!f) return 0;
  for (i = 0; i < UNCORK_STALLS; i++) {
    f->budget_us[UNCORK_LOCAL_THINK] += f->pending_us[i];
    f->pending_us[i] = 0;
  }
  f->pending = f->resent != 0;
  return 0;
}

/* The application was still at work when what is pending was held. */
UNCORK_INLINE void uncork_excuse_pending(struct uncork_flow* f) {
  if (f->pending) uncork_excuse_what_is_pending(f);
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
  if (by == UNCORK_BY_RETRANSMIT) {
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
  if (f->recovering && by != UNCORK_BY_CLOSE) {
    uncork_charge(f, UNCORK_LOSS_RECOVERY, rest_us);
  } else if (begins || by == UNCORK_BY_CLOSE) {
    uncork_charge(f, UNCORK_IDLE, rest_us);
  } else {
    uncork_charge(f, by == UNCORK_BY_WRITE ? UNCORK_LOCAL_THINK : UNCORK_PEER_THINK, rest_us);
  }
}

/* Full send buffer, and nothing that either window keeps back. A longer round trip than the path's best means that the peer's
 * kernel keeps the bytes unacknowledged: its application does not read (tcp_cleanup_rbuf acknowledges when it does). */
UNCORK_INLINE void uncork_settle_buffer(struct uncork_flow* f, uncork_u64 rest_us) {
  const uncork_u64 due_us = f->sent_us + f->min_rtt_us + f->min_rtt_us / 4;
  const uncork_u64 path_us = due_us > f->charged_until_us ? uncork_lesser(rest_us, due_us - f->charged_until_us) : 0;
  if (path_us) uncork_charge(f, UNCORK_SEND_BUFFER, path_us);
  if (rest_us > path_us) uncork_charge(f, UNCORK_RECEIVE_WINDOW, rest_us - path_us);
}

UNCORK_INLINE void uncork_collect_hold(struct uncork_flow* f, uncork_u64 rest_us) {
  const uncork_u64 outstanding = UNCORK_CAST(uncork_u64, f->unsent_bytes) + f->flight_bytes;
  f->held_us += rest_us;
  if (outstanding) f->shared_us += rest_us * f->unsent_bytes / outstanding;
  f->charged_until_us += rest_us;
}

/* Takes what the kernel's chronographs counted out of an interval; returns the rest. */
UNCORK_INLINE uncork_u64 uncork_settle_credits(struct uncork_flow* f, uncork_u64 rest_us) {
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
    f->blocked = 1; /* the chronograph runs only while the writer waits (tcp_check_space) */
    rest_us -= part_us;
  }
  return rest_us;
}

/* Something is held, or the chronographs counted. */
UNCORK_SHARED uncork_settle_limited(struct uncork_flow* f, uncork_u64 rest_us, enum uncork_settled_by by, int begins) {
  if (!f) return 0;
  switch (f->hold) {
    case UNCORK_HOLD_NAGLE:
    case UNCORK_HOLD_CORK:
      uncork_collect_hold(f, rest_us);
      return 0;
    case UNCORK_HOLD_BUFFER:
      f->buffer_credit_us = 0; /* the same time, told twice */
      uncork_settle_buffer(f, rest_us);
      return 0;
    case UNCORK_HOLD_WINDOW:
      f->window_credit_us = 0; /* likewise */
      uncork_charge(f, UNCORK_RECEIVE_WINDOW, rest_us);
      return 0;
    default:
      break;
  }
  rest_us = uncork_settle_credits(f, rest_us);
  if (rest_us == 0) return 0;
  switch (f->hold) {
    case UNCORK_HOLD_NONE:
      uncork_settle_turn(f, rest_us, by, begins);
      return 0;
    case UNCORK_HOLD_CONGESTION:
      uncork_charge(f, UNCORK_CONGESTION_WINDOW, rest_us);
      return 0;
    case UNCORK_HOLD_PACING:
      uncork_charge(f, UNCORK_PACING, rest_us);
      return 0;
    case UNCORK_HOLD_RECOVERY:
      uncork_charge(f, UNCORK_LOSS_RECOVERY, rest_us);
      return 0;
    default:
      f->late_cause = UNCORK_CAST(uncork_u8, UNCORK_UNATTRIBUTED | (f->late_cause & UNCORK_STALLED));
      uncork_charge(f, UNCORK_UNATTRIBUTED, rest_us);
      return 0;
  }
  return 0;
}

UNCORK_INLINE void uncork_settle(struct uncork_flow* f, uncork_u64 now_us, enum uncork_settled_by by, int begins) {
  if (now_us <= f->charged_until_us) return;
  if (f->hold == UNCORK_HOLD_NONE && by == UNCORK_BY_OTHER) return;
  if (f->hold == UNCORK_HOLD_NONE && !f->window_credit_us && !f->buffer_credit_us) {
    uncork_settle_turn(f, now_us - f->charged_until_us, by, begins);
  } else {
    uncork_settle_limited(f, now_us - f->charged_until_us, by, begins);
  }
}

/* --- holds --- */

/* Books the Nagle or cork hold collected so far; the hold itself may go on. */
UNCORK_SHARED uncork_pay_hold(struct uncork_flow* f, uncork_u32 cause, enum uncork_ended_by by) {
  if (!f) return 0;
  if (f->held_us == 0) return 0;
  f->exchange_end_us = f->charged_until_us;
  f->holds += 1;
  uncork_count_log2(f->hold_log2, f->held_us);
  f->late_cause = UNCORK_CAST(uncork_u8, cause | UNCORK_STALLED);
  if (by == UNCORK_ENDED_BY_WORK) {
    uncork_book(f, UNCORK_LOCAL_THINK, f->held_us);
  } else if ((by == UNCORK_ENDED_BY_ANSWER || f->overlap) && f->hold == UNCORK_HOLD_NAGLE) {
    const uncork_u64 most_us = f->min_rtt_us >= UNCORK_JITTER_US ? f->min_rtt_us + UNCORK_PROMPT_ACK_US / 4 : 0;
    const uncork_u64 lost_us = uncork_lesser(f->shared_us, most_us);
    const uncork_u64 wire_us = uncork_lesser(f->held_us - lost_us, f->min_rtt_us);
    f->budget_us[cause & (UNCORK_CAUSE_SLOTS - 1)] += lost_us; /* whatever is written next: that is another message */
    uncork_book(f, UNCORK_NETWORK, wire_us);
    uncork_book(f, UNCORK_PEER_THINK, f->held_us - lost_us - wire_us);
  } else {
    uncork_book(f, UNCORK_LOCAL_THINK, f->worked_us);
    uncork_book(f, cause, f->held_us - f->worked_us);
  }
  f->held_us = f->worked_us = f->shared_us = 0;
  f->overlap = 0;
  return 0;
}

UNCORK_INLINE uncork_u32 uncork_hold_cause(const struct uncork_flow* f, uncork_u64 now_us, enum uncork_ended_by by) {
  const uncork_u64 unacked_us = now_us > f->sent_us ? now_us - f->sent_us : 0;
  if (f->hold == UNCORK_HOLD_CORK) return UNCORK_CORK;
  return uncork_nagle_cause(unacked_us, f->min_rtt_us, by == UNCORK_ENDED_BY_ANSWER);
}

/* The hold, if any, ends now. */
UNCORK_INLINE void uncork_end_hold(struct uncork_flow* f, uncork_u64 now_us, enum uncork_ended_by by) {
  if (f->hold == UNCORK_HOLD_NONE) return;
  uncork_settle(f, now_us, UNCORK_BY_OTHER, 0);
  if (uncork_is_held(f)) uncork_pay_hold(f, uncork_hold_cause(f, now_us, by), by);
  f->hold = UNCORK_HOLD_NONE;
}

/* Bytes left, or wait for something else now, and no ACK was seen that let them go. */
UNCORK_INLINE enum uncork_ended_by uncork_let_go_by(const struct uncork_flow* f, uncork_u64 now_us, uncork_u8 nodelay) {
  if (f->hold == UNCORK_HOLD_CORK && now_us < f->held_since_us + UNCORK_CORK_TIMER_US) return UNCORK_ENDED_BY_WORK;
  if (f->hold == UNCORK_HOLD_NAGLE && nodelay && !f->nodelay) return UNCORK_ENDED_BY_WORK;
  return UNCORK_ENDED_BY_ACK;
}

/* What is held now, and why. From none to some, the open interval is charged to the new hold: the sender is looked at when
 * an event arrives, and was in that state since the event before (bytes that are written settle the interval first). Likewise
 * from a cork to Nagle: when the cork was cleared, and let nothing go, nobody saw; most clear it right after the last write. */
UNCORK_INLINE void uncork_look(struct uncork_flow* f, uncork_u64 now_us, const struct uncork_sender* s) {
  const enum uncork_hold hold = uncork_hold_of(s);
  if (f->hold == UNCORK_HOLD_NAGLE) uncork_settle(f, now_us, UNCORK_BY_OTHER, 0); /* with the share that was held until now */
  f->unsent_bytes = s->unsent_bytes;
  f->flight_bytes = s->flight_bytes;
  f->blocked |= s->writer_blocked;
  if (f->hold != UNCORK_CAST(uncork_u8, hold)) {
    if (f->hold == UNCORK_HOLD_CORK && hold == UNCORK_HOLD_NAGLE) {
      uncork_pay_hold(f, UNCORK_CORK, UNCORK_ENDED_BY_WORK);
    } else {
      uncork_end_hold(f, now_us, uncork_let_go_by(f, now_us, s->nodelay));
    }
    f->hold = UNCORK_CAST(uncork_u8, hold);
    f->held_since_us = f->charged_until_us;
    f->overlap = 0;
  }
  f->nodelay = s->nodelay;
}

/* --- exchanges --- */

UNCORK_INLINE void uncork_begin_exchange(struct uncork_flow* f, uncork_u64 now_us) {
  if (uncork_is_held(f)) {
    f->overlap = 1; /* the exchange before needed no more of it */
    uncork_pay_hold(f, uncork_hold_cause(f, now_us, UNCORK_ENDED_BY_ACK), UNCORK_ENDED_BY_ACK);
    f->overlap = 1;
  }
  uncork_lose_pending(f);
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

/* The application wrote, or (`continued`) TCP took more of a write that has not returned yet; what it sent is told by uncork_sent
 * and uncork_look. */
UNCORK_INLINE void uncork_wrote(struct uncork_flow* f, uncork_u64 now_us, int continued) {
  uncork_turn(f, now_us, UNCORK_BY_WRITE);
  if (f->blocked || continued) {
    uncork_lose_pending(f);
    f->blocked = 0;
  } else {
    uncork_excuse_pending(f);
    if (uncork_is_held(f)) f->worked_us = f->held_us;
  }
}

/* Of what was written at `now_us`, up to sequence number `end`, something has not left yet. */
UNCORK_INLINE void uncork_waits(struct uncork_flow* f, uncork_u64 now_us, uncork_u32 end, int continued) {
  uncork_keep_waiting(&f->waiting, now_us, end, continued);
  f->waits = 1;
}

/* New data left, up to sequence number `end`. A hold is over; `nodelay`: TCP_NODELAY is set now. */
UNCORK_INLINE void uncork_sent(struct uncork_flow* f, uncork_u64 now_us, uncork_u32 end, uncork_u8 nodelay) {
  uncork_end_hold(f, now_us, uncork_let_go_by(f, now_us, nodelay));
  f->sent_us = now_us;
  uncork_leave(f, now_us, end);
}

/* An ACK came. `releases`: what Nagle or MSG_MORE keeps back, a single partial segment, leaves by it. `on_data`: with data of the
 * peer. */
UNCORK_INLINE void uncork_acked(struct uncork_flow* f, uncork_u64 now_us, int releases, uncork_u8 on_data) {
  if (!releases || !uncork_is_held(f)) return;
  uncork_end_hold(f, now_us, on_data ? UNCORK_ENDED_BY_ANSWER : UNCORK_ENDED_BY_ACK);
  f->sent_us = now_us;
  uncork_leave(f, now_us, uncork_newest_end(&f->waiting));
}

/* The peer reported a segment as a duplicate (DSACK). */
UNCORK_INLINE void uncork_reported(struct uncork_flow* f, uncork_u32 segments) {
  if (f->pending) f->reported += segments;
}

UNCORK_INLINE void uncork_received(struct uncork_flow* f, uncork_u64 now_us) {
  uncork_turn(f, now_us, UNCORK_BY_RECEIVE);
  uncork_judge_resent(f, now_us);
  uncork_lose_pending(f);
  f->overlap = 1;
  f->unread = 1;
}

UNCORK_INLINE void uncork_read(struct uncork_flow* f, uncork_u64 now_us) {
  if (!f->unread) return;
  uncork_settle(f, now_us, UNCORK_BY_READ, 0);
  f->unread = 0;
}

/* A segment was sent again: the time until now was lost to it, a Nagle hold behind it included. A FIN that is sent again
 * (`fin_only`) decides nothing: the answer to a half-closed request may still come, and else the end of the connection shows that
 * nobody waited. */
UNCORK_INLINE void uncork_retransmitted(struct uncork_flow* f, uncork_u64 now_us, int fin_only) {
  if (fin_only) return;
  uncork_settle(f, now_us, UNCORK_BY_RETRANSMIT, 0);
  if (f->hold == UNCORK_HOLD_NAGLE) uncork_pay_hold(f, UNCORK_LOSS_RECOVERY, UNCORK_ENDED_BY_ACK);
  f->sent_us = f->resent_us = now_us;
  f->resent += 1;
  f->pending = 1;
}

/* The local end has closed: its FIN takes with it what Nagle or a cork kept back (tcp_send_fin). */
UNCORK_INLINE void uncork_finished(struct uncork_flow* f, uncork_u64 now_us) {
  if (uncork_is_held(f)) uncork_end_hold(f, now_us, UNCORK_ENDED_BY_WORK);
  f->finished = 1;
}

/* A requester that closed behind its last bytes, and got no data for them, said goodbye and waited for nothing. Where its peer
 * is slow to take that (its program has the socket, and no processor), the goodbye is sent again; the duplicate is then reported
 * to a socket that is no more. Measured: pgbench -C beside a build, 12 of 60,000 connections. */
UNCORK_INLINE int uncork_was_goodbye(const struct uncork_flow* f) {
  return f->finished && f->role == UNCORK_ROLE_REQUESTER && f->phase == UNCORK_PHASE_REQUEST;
}

UNCORK_INLINE void uncork_closed(struct uncork_flow* f, uncork_u64 now_us) {
  uncork_end_hold(f, now_us, UNCORK_ENDED_BY_WORK);
  uncork_settle(f, now_us, UNCORK_BY_CLOSE, 0);
  uncork_judge_resent(f, now_us);
  if (f->pending && uncork_was_goodbye(f)) {
    f->budget_us[UNCORK_PEER_THINK] += f->pending_us[UNCORK_LOSS_RECOVERY];
    f->pending_us[UNCORK_LOSS_RECOVERY] = 0;
  }
  uncork_lose_pending(f);
  if (f->exchanges) {
    f->last_exchange_us = f->exchange_end_us - f->exchange_begin_us;
    uncork_count_log2(f->exchange_log2, f->last_exchange_us);
  }
}

/* The ledger as it would stand if what is under way ended now, as it looks. */
UNCORK_INLINE void uncork_conclude(struct uncork_flow* f, uncork_u64 now_us) {
  uncork_end_hold(f, now_us, UNCORK_ENDED_BY_ACK);
  uncork_lose_pending(f);
}
