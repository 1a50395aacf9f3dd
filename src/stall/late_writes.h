/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 OR BSD-2-Clause */
/* Writes whose last byte has not left yet, and how late those that were held left: for each write the time from the write to
 * the moment its last byte was sent. Late is not lost: bytes may leave late in an exchange that ends no later. Shared C, like
 * flow_ledger.h, whose uncork_flow holds one of these. Touched only while bytes wait. */
#pragma once

#include "stall/hold_rule.h"

#ifdef __cplusplus
#define UNCORK_CAST(type, value) static_cast<type>(value)
#else
#define UNCORK_CAST(type, value) ((type)(value))
#endif

#define UNCORK_WAITING_WRITES \
  16 /* a power of two; of more that wait at once, the newest share an entry, and their worst is a mean */

/* What was late by one cause. */
struct uncork_late {
  uncork_u64 sum_us;
  uncork_u32 writes;
  uncork_u32 worst_us;
};

/* The writes that wait, oldest first: a ring of `count` entries from `first`. */
struct uncork_waiting {
  uncork_u32 end[UNCORK_WAITING_WRITES];   /* sequence number behind the last byte */
  uncork_u32 at_us[UNCORK_WAITING_WRITES]; /* when written; low 32 bits; of an entry for several writes their mean */
  uncork_u32 writes[UNCORK_WAITING_WRITES];
  uncork_u32 first;
  uncork_u32 count;
};

/* `continued`: more of the newest write, which has not returned yet. */
UNCORK_SHARED uncork_keep_waiting(struct uncork_waiting* w, uncork_u64 now_us, uncork_u32 end, int continued) {
  const uncork_u32 now = UNCORK_CAST(uncork_u32, now_us);
  uncork_u32 slot;
  if (!w) return 0;
  slot = (w->first + w->count) & (UNCORK_WAITING_WRITES - 1);
  if (continued && w->count) {
    slot = (slot - 1) & (UNCORK_WAITING_WRITES - 1);
  } else if (w->count < UNCORK_WAITING_WRITES) {
    w->count += 1;
    w->at_us[slot] = now;
    w->writes[slot] = !continued; /* what of it left earlier has been counted */
  } else {
    slot = (slot - 1) & (UNCORK_WAITING_WRITES - 1);
    w->writes[slot] += 1;
    w->at_us[slot] += (now - w->at_us[slot]) / w->writes[slot];
  }
  w->end[slot] = end;
  return 0;
}

UNCORK_INLINE uncork_u32 uncork_newest_end(const struct uncork_waiting* w) {
  return w->end[(w->first + w->count - 1) & (UNCORK_WAITING_WRITES - 1)];
}

/* Bytes up to `sent` have left; what waited was held for the cause that `late` is of. */
UNCORK_SHARED uncork_let_leave(struct uncork_waiting* w, struct uncork_late* late, uncork_u64 now_us, uncork_u32 sent) {
  int i;
  if (!w || !late) return 0;
  for (i = 0; i < UNCORK_WAITING_WRITES; i++) {
    const uncork_u32 slot = w->first & (UNCORK_WAITING_WRITES - 1);
    uncork_u32 late_us;
    if (w->count == 0 || UNCORK_CAST(int, sent - w->end[slot]) < 0) return 0;
    late_us = UNCORK_CAST(uncork_u32, now_us) - w->at_us[slot];
    if (late_us != 0 && UNCORK_CAST(int, late_us) > 0) {
      late->sum_us += UNCORK_CAST(uncork_u64, late_us) * w->writes[slot];
      late->writes += w->writes[slot];
      if (w->writes[slot] != 0 && late_us > late->worst_us) late->worst_us = late_us;
    }
    w->first = (w->first + 1) & (UNCORK_WAITING_WRITES - 1);
    w->count -= 1;
  }
  return 0;
}
