/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sums by service, kept where the events are: an exchange is counted as it ends, a ledger is folded in at a look and at its end
 * (stall/service_sums.h). Beside a thousand connections that come and go between two looks, nothing is copied to user space.
 *
 * The sums lie in an array, which user space maps; a hash table says which service has which element. So an exchange needs no
 * hash of a key: its socket remembers the index. */
#pragma once

#include "probe/bpf/process.h"

const volatile __u32 service_room = 1024;  // 0: no sums are kept
const volatile struct uncork_threshold threshold = {};

__u32 services_used;

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);  // the loader sets it to service_room
  __type(key, struct uncork_service_key);
  __type(value, __u32);
} service_index SEC(".maps");

enum { UNCORK_SERVICE_OTHERS = 1, UNCORK_SERVICE_FIRST = 2 };

// The first element is nobody's (its index means not known), the second is of all that found no room.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1024 + UNCORK_SERVICE_FIRST);
  __type(key, __u32);
  __type(value, struct uncork_service_sums);
} services SEC(".maps");

// Which processes work for which service; those that were not heard of for longest make room.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct uncork_worker_key);
  __type(value, struct uncork_worker);
} workers SEC(".maps");

static __always_inline struct uncork_service_sums* sums_of(__u32 service) { return bpf_map_lookup_elem(&services, &service); }

static __always_inline __u32 remote_word(const struct sock* sk, int i) {
  if (sk->__sk_common.skc_family != AF_INET) return sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[i];
  return i == 3 ? sk->__sk_common.skc_daddr : i == 2 ? __builtin_bswap32(0xffff) : 0;
}

static __always_inline bool is_wanted_remote(const struct sock* sk) {
  if (!only_remote_bits) return true;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    __u32 word = remote_word(sk, i), asked = 0;
    int bits = (int)only_remote_bits - 32 * i;
    for (int byte = 3; byte >= 0; byte--) asked = asked << 8 | only_remote[4 * i + byte];
    if (bits <= 0) return true;
    word = __builtin_bswap32(word ^ asked);
    if (bits >= 32 ? word : word >> (32 - bits)) return false;
  }
  return true;
}

static __always_inline __u32 new_service(struct uncork_service_key* key) {
  struct uncork_service_sums* sums;
  __u32 *known, index;

  if (services_used >= service_room) return UNCORK_SERVICE_OTHERS;
  index = __sync_fetch_and_add(&services_used, 1);
  if (index >= service_room) return UNCORK_SERVICE_OTHERS;
  index += UNCORK_SERVICE_FIRST;
  if (bpf_map_update_elem(&service_index, key, &index, BPF_NOEXIST)) {
    known = bpf_map_lookup_elem(&service_index, key);  // another processor was faster, and `index` stays nobody's
    return known ? *known : UNCORK_SERVICE_OTHERS;
  }
  sums = sums_of(index);
  if (sums) sums->key = *key;
  return index;
}

static __always_inline void count_worker(struct socket_state* st) {
  struct uncork_worker_key key = {.service = st->service, .host_pid = st->host_pid};
  struct uncork_worker *worker, first = {.connections = 1, .pid = st->pid};

  if (!st->host_pid) return;
  worker = bpf_map_lookup_elem(&workers, &key);
  if (worker)
    __sync_fetch_and_add(&worker->connections, 1);
  else if (bpf_map_update_elem(&workers, &key, &first, BPF_NOEXIST))
    count_up(UNCORK_COUNT_NO_WORKER);
}

// Finds the service of a socket whose first exchange is over or looked at.
static __noinline void join_service(struct socket_state* st, struct sock* sk) {
  bool serves = st->flow.role == UNCORK_ROLE_RESPONDER;
  struct uncork_service_key key = {};
  struct uncork_service_sums* sums;
  __u32* known;

  if (!service_room || !is_wanted_remote(sk) || (chooses_processes() && !st->is_wanted) ||
      (only_role && st->flow.role != only_role)) {
    st->service = UNCORK_SERVICE_UNWANTED;
    return;
  }
  __builtin_memcpy(key.command, st->command, sizeof key.command);
  key.netns = sk->__sk_common.skc_net.net->ns.inum;
  key.port = serves ? __builtin_bswap16(cast_to(struct inet_sock, sk)->inet_sport) : __builtin_bswap16(sk->__sk_common.skc_dport);
  key.role = st->flow.role;
  known = bpf_map_lookup_elem(&service_index, &key);
  st->service = known ? *known : new_service(&key);
  sums = sums_of(st->service);
  if (sums) {
    __sync_fetch_and_add(&sums->connections, 1);
    __sync_fetch_and_add(&sums->open, 1);
    st->folded.open = 1;
  }
  count_worker(st);
}

// The sums of a socket's service, or null if it is not wanted.
static __always_inline struct uncork_service_sums* joined(struct socket_state* st, struct sock* sk) {
  if (st->service == UNCORK_SERVICE_UNKNOWN) join_service(st, sk);
  return st->service == UNCORK_SERVICE_UNWANTED ? 0 : sums_of(st->service);
}

// Of exchanges of which nobody knows how many went before them, the numbers count on from here.
static __always_inline __u32 number_of(const struct socket_state* st, __u32 exchange) {
  return st->born ? exchange : exchange + UNCORK_PLACES;
}

// The exchange that began at asked_seq and heard_seq and ended, `us` later, at these numbers.
static __always_inline void describe(struct uncork_noted* n, const struct socket_state* st, const struct uncork_flow* flow,
                                     __u64 us, __u64 lost_us, __u32 write_seq, __u32 rcv_nxt) {
  __u32 wrote = write_seq - st->asked_seq - st->sent_fin, received = rcv_nxt - st->heard_seq;
  bool asks = flow->role == UNCORK_ROLE_REQUESTER;

  lost_us -= st->lost_us;
  n->us = us >> 32 ? ~0u : us;
  n->lost_us = lost_us >> 32 ? 0 : lost_us;  // below 0, if what seemed lost was not
  n->request_bytes = asks ? wrote : received;
  n->answer_bytes = asks ? received : wrote;
}

// What a look had counted of the running exchange is taken back.
static __always_inline void uncount(struct socket_state* st, struct uncork_service_sums* sums) {
  if (!st->counted.is_counted) return;
  st->counted.is_counted = 0;
  uncork_count_exchange(sums, &st->counted, -1);
}

// Counts the exchanges that wait for it; `next` is the number of the one that began after them.
static __noinline void count_noted(struct socket_state* st, struct sock* sk, __u32 next) {
  struct uncork_service_sums* sums = joined(st, sk);
  __u32 count = st->noted_count;

  st->noted_count = 0;
  if (!sums) return;
  uncount(st, sums);
  if (count) uncork_count_noted(sums, &st->noted, count, number_of(st, next - count));
}

// Notes the exchange that has ended at these numbers, by when the connection had lost so much.
static __always_inline void note_ended(struct socket_state* st, __u64 lost_us, __u32 write_seq, __u32 rcv_nxt) {
  struct uncork_noted* n = &st->noted.of[st->noted_count & (UNCORK_NOTED - 1)];

  describe(n, st, &st->flow, st->flow.last_exchange_us, lost_us, write_seq, rcv_nxt);
  st->noted_count += 1;
}

// Notes the exchange that has ended, if the event before these numbers began another one.
static __always_inline void note_exchange(struct socket_state* st, struct tcp_sock* tp, __u32 write_seq, __u32 rcv_nxt) {
  __u64 lost_us;

  if (!service_room || (__u8)st->flow.exchanges == st->exchanges) return;
  st->exchanges = st->flow.exchanges;
  lost_us = uncork_lost(st->flow.budget_us);
  if (st->flow.exchanges > 1) {
    note_ended(st, lost_us, write_seq, rcv_nxt);
    if (st->noted_count >= UNCORK_NOTED) count_noted(st, &tp->inet_conn.icsk_inet.sk, st->flow.exchanges);
  }
  st->asked_seq = write_seq;
  st->heard_seq = rcv_nxt;
  st->lost_us = lost_us;
}

static __noinline void keep_example(struct uncork_example* e, struct sock* sk, __u64 lost_us) {
  e->lost_us = lost_us;
  e->family = sk->__sk_common.skc_family;
  e->local_port = __builtin_bswap16(cast_to(struct inet_sock, sk)->inet_sport);
  e->remote_port = __builtin_bswap16(sk->__sk_common.skc_dport);
  __builtin_memset(e->local, 0, sizeof e->local);
  __builtin_memset(e->remote, 0, sizeof e->remote);
  if (e->family == AF_INET) {
    *(__u32*)e->local = sk->__sk_common.skc_rcv_saddr;
    *(__u32*)e->remote = sk->__sk_common.skc_daddr;
    return;
  }
  for (int i = 0; i < 4; i++) {
    ((__u32*)e->local)[i] = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[i];
    ((__u32*)e->remote)[i] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[i];
  }
}

// Brings the service's sums to what `flow` says: the socket's ledger, or what it would be if what is under way ended now.
static __noinline void fold_in(struct socket_state* st, struct sock* sk, const struct uncork_flow* flow, bool open) {
  struct uncork_threshold matters = {threshold.least_lost_us, threshold.least_an_exchange_us, threshold.least_share_ppm,
                                     threshold.limit_factor};
  struct uncork_worker_key key = {.host_pid = st->host_pid};
  struct uncork_service_sums* sums = joined(st, sk);
  __u64 before_us = uncork_lost(st->folded.budget_us), lost_us = uncork_lost(flow->budget_us);
  __u32 flags = open ? UNCORK_FOLD_OPEN : 0;
  struct uncork_worker* worker;

  if (!sums) return;
  if (BPF_CORE_READ_BITFIELD(cast_to(struct tcp_sock, sk), nonagle) & TCP_NAGLE_OFF) flags |= UNCORK_FOLD_NODELAY;
  uncork_fold(sums, &st->folded, flow, &matters, flags);
  if (lost_us > sums->worst.lost_us || !sums->worst.family) keep_example(&sums->worst, sk, lost_us);
  if (lost_us == before_us || !st->host_pid) return;
  key.service = st->service;
  worker = bpf_map_lookup_elem(&workers, &key);
  if (worker) __sync_fetch_and_add(&worker->lost_us, lost_us - before_us);
}

// At a look: the running exchange counts as ended too, if it has been answered.
static __always_inline void fold_open(struct socket_state* st, struct sock* sk, const struct uncork_flow* flow) {
  struct uncork_service_sums* sums;
  struct uncork_noted running = {};

  fold_in(st, sk, flow, true);
  count_noted(st, sk, flow->exchanges);
  sums = joined(st, sk);
  if (!sums || flow->phase != UNCORK_PHASE_ANSWER) return;
  describe(&running, st, flow, flow->exchange_end_us - flow->exchange_begin_us, uncork_lost(flow->budget_us), st->write_seq,
           st->rcv_nxt);
  st->counted.lost_us = running.lost_us;
  st->counted.bucket = uncork_time_bucket(running.us);
  st->counted.place = uncork_place_of(number_of(st, flow->exchanges));
  st->counted.request = uncork_size_row(running.request_bytes);
  st->counted.answer = uncork_size_row(running.answer_bytes);
  st->counted.is_counted = 1;
  uncork_count_exchange(sums, &st->counted, 1);
}

static __always_inline void fold_ended(struct socket_state* st, struct sock* sk) {
  note_ended(st, uncork_lost(st->flow.budget_us), st->write_seq, st->rcv_nxt);
  count_noted(st, sk, st->flow.exchanges + 1);
  fold_in(st, sk, &st->flow, false);
}
