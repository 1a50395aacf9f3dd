/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/* The sums of one service: what one program does in one role on one port, over all of its connections, workers and short lives.
 * Shared C, like flow_ledger.h: the kernel programs keep one uncork_service_sums a service, user space reads it.
 *
 * Two things flow in. Each exchange, as it ends, is counted by its length, its place in the connection and its sizes. And what a
 * connection's ledger holds is folded in now and then (at a look, at its end): the difference to what was folded in last, which
 * uncork_folded keeps, so that the sums are at any time the sum of the ledgers as they were folded last. A ledger is folded as if
 * what is under way ended now; should that turn out otherwise, the next difference takes it back. Several processors add to one
 * service at once: every addition is atomic, and what is read meanwhile may be of two moments. */
#pragma once

#include "stall/flow_ledger.h"

/* Exchange times: exact below 16 us, then 16 buckets a power of two, so that a bucket is 1/16 of its lower bound at most. The
 * last also counts what is longer (71 minutes). */
#define UNCORK_TIME_BUCKETS 464
#define UNCORK_TIME_SLOTS 512 /* a power of two, so that an index is masked for the kernel's verifier; likewise the next */
/* Bytes: row n counts 2^n to 2^(n+1)-1; the first also 0. */
#define UNCORK_SIZE_ROWS 32
#define UNCORK_PLACES 3 /* first exchange of the connection, second, later ones (and those of which nobody knows) */
#define UNCORK_PLACE_SLOTS 4

/* Who: comm of the process; the local port of a server, the remote one of a client. */
struct uncork_service_key {
  char command[16];
  uncork_u32 netns; /* inode */
  unsigned short port;
  uncork_u8 role; /* enum uncork_role, of this end */
  uncork_u8 unused;
};

/* How the exchanges of one row did. */
struct uncork_part {
  uncork_u64 exchanges;
  uncork_u64 lost_us;
};

/* One connection, as an example. */
struct uncork_example {
  uncork_u64 lost_us;
  uncork_u8 local[16]; /* network order, IPv4 in the first four bytes */
  uncork_u8 remote[16];
  unsigned short local_port;
  unsigned short remote_port;
  uncork_u8 family;
  uncork_u8 unused[3];
};

struct uncork_service_sums {
  struct uncork_service_key key;
  uncork_u64 connections;                   /* that have carried something */
  uncork_u64 open;                          /* of these */
  uncork_u64 losers;                        /* of these, that lost what matters (uncork_threshold) */
  uncork_u64 losers_by[UNCORK_STALL_SLOTS]; /* of these, by what each lost most to */
  uncork_u64 nodelay;                       /* with TCP_NODELAY when folded last */
  uncork_u64 exchanges;                     /* begun */
  uncork_u64 writes;
  uncork_u64 wrote_bytes;
  uncork_u64 received_bytes;
  uncork_u64 holds;
  uncork_u64 spurious_probes;
  uncork_u64 budget_us[UNCORK_CAUSE_SLOTS];
  uncork_u64 late_us[UNCORK_STALL_SLOTS];
  uncork_u64 late_writes[UNCORK_STALL_SLOTS];
  uncork_u32 late_worst_us[UNCORK_STALL_SLOTS];
  uncork_u64 hold_log2[UNCORK_LOG2_BUCKETS];
  struct uncork_part by_place[UNCORK_PLACE_SLOTS];
  struct uncork_part by_request[UNCORK_SIZE_ROWS];
  struct uncork_part by_answer[UNCORK_SIZE_ROWS];
  struct uncork_example worst; /* the connection that lost most, or any; parts of two if two were so at once; family 0: none */
  uncork_u64 times[UNCORK_TIME_SLOTS];
};

/* What of a connection's ledger is in its service's sums. */
struct uncork_folded {
  uncork_u64 budget_us[UNCORK_CAUSE_SLOTS];
  uncork_u64 late_us[UNCORK_STALL_SLOTS];
  uncork_u32 late_writes[UNCORK_STALL_SLOTS];
  uncork_u64 wrote_bytes;
  uncork_u64 received_bytes;
  uncork_u32 exchanges;
  uncork_u32 writes;
  uncork_u32 holds;
  uncork_u32 spurious_probes;
  uncork_u32 hold_log2[UNCORK_LOG2_BUCKETS];
  uncork_u8 nodelay;
  uncork_u8 loser; /* 0: it is none; else 1 more than the cause to which it lost most */
  uncork_u8 open;
  uncork_u8 unused[5];
};

/* One exchange that has ended, as it waits to be counted with others of its connection: to touch the lines of the sums for each
 * would cost more than the rest of an event's ledger (measured: bench probe). */
struct uncork_noted {
  uncork_u32 us;
  uncork_u32 lost_us;
  uncork_u32 request_bytes;
  uncork_u32 answer_bytes;
};
#define UNCORK_NOTED 16 /* a power of two */
struct uncork_notes {
  struct uncork_noted of[UNCORK_NOTED];
};

/* One exchange, as it was counted, so that it can be taken back. */
struct uncork_counted {
  uncork_u32 lost_us;
  unsigned short bucket;
  uncork_u8 place;
  uncork_u8 request;
  uncork_u8 answer;
  uncork_u8 is_counted;
  uncork_u8 unused[2];
};

/* When a connection's loss is worth a person's time: stall/verdict.hpp, matters(), in whole numbers. */
struct uncork_threshold {
  uncork_u64 least_lost_us;
  uncork_u64 least_an_exchange_us;
  uncork_u32 least_share_ppm;
  uncork_u32 limit_factor;
};

#define UNCORK_ADD(sum, more)                             \
  do {                                                    \
    const uncork_u64 added = (more);                      \
    if (added) (void)__sync_fetch_and_add(&(sum), added); \
  } while (0)

/* 32 bits that count up, and may have been taken back. */
#define UNCORK_SINCE(now, then) UNCORK_CAST(uncork_u64, UNCORK_CAST(long long, UNCORK_CAST(int, (now) - (then))))

UNCORK_SHARED uncork_log2_of(uncork_u32 value) {
  int log2 = 0;
  if (value >> 16) value >>= 16, log2 += 16;
  if (value >> 8) value >>= 8, log2 += 8;
  if (value >> 4) value >>= 4, log2 += 4;
  if (value >> 2) value >>= 2, log2 += 2;
  return value >> 1 ? log2 + 1 : log2;
}

UNCORK_INLINE uncork_u32 uncork_time_bucket(uncork_u64 us) {
  uncork_u32 octave;
  if (us < 16) return UNCORK_CAST(uncork_u32, us);
  if (us >> 32) return UNCORK_TIME_BUCKETS - 1;
  octave = UNCORK_CAST(uncork_u32, uncork_log2_of(UNCORK_CAST(uncork_u32, us)));
  return (octave - 3) * 16 + (UNCORK_CAST(uncork_u32, us >> ((octave - 4) & 31)) & 15);
}

UNCORK_INLINE uncork_u8 uncork_size_row(uncork_u32 bytes) { return UNCORK_CAST(uncork_u8, uncork_log2_of(bytes)); }

UNCORK_INLINE uncork_u64 uncork_lost(const uncork_u64* budget_us) {
  uncork_u64 lost = 0;
  int i;
  for (i = 0; i < UNCORK_STALLS; i++) lost += budget_us[i];
  return lost;
}

UNCORK_INLINE void uncork_add_part(struct uncork_part* part, uncork_u64 exchanges, uncork_u64 lost_us) {
  UNCORK_ADD(part->exchanges, exchanges);
  UNCORK_ADD(part->lost_us, lost_us);
}

/* `times` 1 counts the exchange, -1 takes it back. */
UNCORK_SHARED uncork_count_exchange(struct uncork_service_sums* sums, const struct uncork_counted* c, int times) {
  const uncork_u64 exchanges = UNCORK_CAST(uncork_u64, UNCORK_CAST(long long, times));
  uncork_u64 lost_us;
  if (!sums || !c) return 0;
  lost_us = exchanges * c->lost_us;
  UNCORK_ADD(sums->times[c->bucket & (UNCORK_TIME_SLOTS - 1)], exchanges);
  uncork_add_part(&sums->by_place[c->place & (UNCORK_PLACE_SLOTS - 1)], exchanges, lost_us);
  uncork_add_part(&sums->by_request[c->request & (UNCORK_SIZE_ROWS - 1)], exchanges, lost_us);
  uncork_add_part(&sums->by_answer[c->answer & (UNCORK_SIZE_ROWS - 1)], exchanges, lost_us);
  return 0;
}

/* Where an exchange stands in its connection, of which it is the one of that number (1 for the first). */
UNCORK_INLINE uncork_u32 uncork_place_of(uncork_u32 number) {
  return number - 1 < UNCORK_PLACES - 1 ? number - 1 : UNCORK_PLACES - 1;
}

/* Counts one exchange. */
UNCORK_SHARED uncork_count_one(struct uncork_service_sums* sums, const struct uncork_noted* n, uncork_u32 number) {
  uncork_u32 place;
  if (!sums || !n) return 0;
  place = uncork_place_of(number) & (UNCORK_PLACE_SLOTS - 1);
  UNCORK_ADD(sums->times[uncork_time_bucket(n->us) & (UNCORK_TIME_SLOTS - 1)], 1);
  uncork_add_part(&sums->by_place[place], 1, n->lost_us);
  uncork_add_part(&sums->by_request[uncork_size_row(n->request_bytes) & (UNCORK_SIZE_ROWS - 1)], 1, n->lost_us);
  uncork_add_part(&sums->by_answer[uncork_size_row(n->answer_bytes) & (UNCORK_SIZE_ROWS - 1)], 1, n->lost_us);
  return 0;
}

/* Counts `count` (no more than there are places for) exchanges of one connection, the first of which has that number. */
UNCORK_SHARED uncork_count_noted(struct uncork_service_sums* sums, const struct uncork_notes* notes, uncork_u32 count,
                                 uncork_u32 number) {
  uncork_u32 i;
  if (!sums || !notes) return 0;
  for (i = 0; i < UNCORK_NOTED && i < count; i++) uncork_count_one(sums, &notes->of[i], number + i);
  return 0;
}

/* Whether a connection lost what matters. */
UNCORK_INLINE int uncork_matters(const struct uncork_flow* f, const struct uncork_threshold* t) {
  uncork_u64 lost = 0, weighed = 0, busy = 0;
  int i;
  for (i = 0; i < UNCORK_CAUSES; i++) {
    const uncork_u64 us = f->budget_us[i];
    if (i != UNCORK_IDLE) busy += us;
    if (i >= UNCORK_STALLS) continue;
    lost += us;
    weighed += i <= UNCORK_CORK ? us * t->limit_factor : us;
  }
  if (!lost || lost < t->least_lost_us) return 0;
  if (f->exchanges && lost >= t->least_an_exchange_us * f->exchanges) return 1;
  return weighed * 1000000 >= busy * t->limit_factor * t->least_share_ppm;
}

/* The stall that took most. */
UNCORK_INLINE int uncork_worst(const struct uncork_flow* f) {
  uncork_u64 most = 0;
  int i, worst = 0;
  for (i = 0; i < UNCORK_STALLS; i++) {
    if (f->budget_us[i] <= most) continue;
    most = f->budget_us[i];
    worst = i;
  }
  return worst;
}

enum uncork_fold_flags {
  UNCORK_FOLD_NODELAY = 1, /* TCP_NODELAY is set */
  UNCORK_FOLD_OPEN = 2     /* the connection has not ended */
};

/* Brings the sums from what of `f` was folded in last to what it holds now. */
UNCORK_SHARED uncork_fold(struct uncork_service_sums* sums, struct uncork_folded* last, const struct uncork_flow* f,
                          const struct uncork_threshold* threshold, uncork_u32 flags) {
  const int nodelay = !!(flags & UNCORK_FOLD_NODELAY), open = !!(flags & UNCORK_FOLD_OPEN);
  int i, loser;
  if (!sums || !last || !f || !threshold) return 0;
  for (i = 0; i < UNCORK_CAUSES; i++) {
    UNCORK_ADD(sums->budget_us[i], f->budget_us[i] - last->budget_us[i]);
    last->budget_us[i] = f->budget_us[i];
  }
  for (i = 0; i < UNCORK_STALLS; i++) {
    if (f->late[i].writes == last->late_writes[i] && f->late[i].sum_us == last->late_us[i]) continue;
    UNCORK_ADD(sums->late_us[i], f->late[i].sum_us - last->late_us[i]);
    UNCORK_ADD(sums->late_writes[i], UNCORK_SINCE(f->late[i].writes, last->late_writes[i]));
    last->late_us[i] = f->late[i].sum_us;
    last->late_writes[i] = f->late[i].writes;
    if (f->late[i].worst_us > sums->late_worst_us[i]) sums->late_worst_us[i] = f->late[i].worst_us;
  }
  if (f->holds != last->holds) {
    for (i = 0; i < UNCORK_LOG2_BUCKETS; i++) {
      UNCORK_ADD(sums->hold_log2[i], UNCORK_SINCE(f->hold_log2[i], last->hold_log2[i]));
      last->hold_log2[i] = f->hold_log2[i];
    }
  }
  UNCORK_ADD(sums->wrote_bytes, f->wrote_bytes - last->wrote_bytes);
  UNCORK_ADD(sums->received_bytes, f->received_bytes - last->received_bytes);
  UNCORK_ADD(sums->exchanges, UNCORK_SINCE(f->exchanges, last->exchanges));
  UNCORK_ADD(sums->writes, UNCORK_SINCE(f->writes, last->writes));
  UNCORK_ADD(sums->holds, UNCORK_SINCE(f->holds, last->holds));
  UNCORK_ADD(sums->spurious_probes, UNCORK_SINCE(f->spurious_probes, last->spurious_probes));
  last->wrote_bytes = f->wrote_bytes;
  last->received_bytes = f->received_bytes;
  last->exchanges = f->exchanges;
  last->writes = f->writes;
  last->holds = f->holds;
  last->spurious_probes = f->spurious_probes;
  loser = uncork_matters(f, threshold) ? 1 + uncork_worst(f) : 0;
  if (loser != last->loser) {
    UNCORK_ADD(sums->losers, UNCORK_SINCE(!!loser, !!last->loser));
    if (last->loser) UNCORK_ADD(sums->losers_by[(last->loser - 1) & (UNCORK_STALL_SLOTS - 1)], UNCORK_SINCE(0, 1));
    if (loser) UNCORK_ADD(sums->losers_by[(loser - 1) & (UNCORK_STALL_SLOTS - 1)], 1);
  }
  UNCORK_ADD(sums->nodelay, UNCORK_SINCE(nodelay, last->nodelay));
  UNCORK_ADD(sums->open, UNCORK_SINCE(open, last->open));
  last->loser = UNCORK_CAST(uncork_u8, loser);
  last->nodelay = UNCORK_CAST(uncork_u8, nodelay);
  last->open = UNCORK_CAST(uncork_u8, open);
  return 0;
}
