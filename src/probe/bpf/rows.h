/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A socket's ledger as user space gets it. */
#pragma once

#include "probe/bpf/tell.h"

static __always_inline void fill_name(struct uncork_socket_name* name, const struct sock* sk, __u64 cookie) {
  name->cookie = cookie;
  name->netns = sk->__sk_common.skc_net.net->ns.inum;
  name->family = sk->__sk_common.skc_family;
  name->state = sk->__sk_common.skc_state;
  // skc_num is 0 once the port was given back (inet_put_port), and that is before tcp_destroy_sock.
  name->local_port = __builtin_bswap16(cast_to(struct inet_sock, sk)->inet_sport);
  name->remote_port = __builtin_bswap16(sk->__sk_common.skc_dport);
  __builtin_memset(name->local, 0, sizeof name->local);
  __builtin_memset(name->remote, 0, sizeof name->remote);
  if (name->family == AF_INET) {
    __u32 local = sk->__sk_common.skc_rcv_saddr, remote = sk->__sk_common.skc_daddr;
    __builtin_memcpy(name->local, &local, sizeof local);
    __builtin_memcpy(name->remote, &remote, sizeof remote);
  } else {
    for (int i = 0; i < 16; i++) {
      name->local[i] = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8[i];
      name->remote[i] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8[i];
    }
  }
}

static __always_inline void fill_row(struct uncork_socket_row* row, struct sock* sk, struct socket_state* st) {
  struct tcp_sock* tp = cast_to(struct tcp_sock, sk);
  __u8 nonagle = nonagle_of(tp);

  fill_name(&row->name, sk, st->cookie);
  // In two parts: the compiler writes out copies of a kilobyte at most.
  __builtin_memcpy(&row->flow, &st->flow, offsetof(struct uncork_flow, pending_us));
  __builtin_memcpy(&row->flow.pending_us, &st->flow.pending_us, sizeof st->flow - offsetof(struct uncork_flow, pending_us));
  row->taken_us = clock_us();
  row->pid = st->pid;
  row->writer_pid = st->has_written ? st->pid : 0;
  row->fd = -1;
  row->ended = 0;
  __builtin_memcpy(row->command, st->command, sizeof row->command);
  row->nodelay = nonagle & TCP_NAGLE_OFF;
  row->corked = !!(nonagle & TCP_NAGLE_CORK);
  row->mss_bytes = tp->mss_cache;
  row->srtt_us = tp->srtt_us >> 3;
  row->congestion_window = tp->snd_cwnd;
  row->packets_out = tp->packets_out;
  row->unsent_bytes = tp->write_seq - tp->snd_nxt;
  row->retransmits = tp->total_retrans;
  row->host_pid = st->host_pid;
}

// The ledger of an open socket, as it would stand if what is under way ended now; the same goes to its service's sums. Null: it
// has carried nothing, is not wanted, or rows are not.
static __always_inline struct uncork_socket_row* row_of(struct sock* sk, struct socket_state* st) {
  struct uncork_socket_row* row;
  __u32 zero = 0;

  if (!st->flow.exchanges || (chooses_processes() && !st->is_wanted) || !enter(st)) return 0;
  if (!tell_rows && st->flow.hold == UNCORK_HOLD_NONE && !st->flow.pending) {
    fold_open(st, sk, &st->flow);
    leave(st);
    return 0;
  }
  row = bpf_map_lookup_elem(&row_scratch, &zero);
  if (row) {
    fill_row(row, sk, st);
    uncork_conclude(&row->flow, held_left_us(st, cast_to(struct tcp_sock, sk), row->taken_us));
    fold_open(st, sk, &row->flow);
  }
  leave(st);
  return tell_rows && !(service_room && st->service == UNCORK_SERVICE_UNWANTED) ? row : 0;
}

static __always_inline bool lost_something(const struct uncork_flow* f) {
  for (int i = 0; i < UNCORK_STALLS; i++)
    if (f->budget_us[i]) return true;
  return false;
}

// A connection within the machine has two ends, of which the one that answers is counted.
static __always_inline void count_quiet(const struct sock* sk, const struct uncork_flow* f) {
  const struct in6_addr* local = &sk->__sk_common.skc_v6_rcv_saddr;
  const struct in6_addr* remote = &sk->__sk_common.skc_v6_daddr;
  bool within;

  if (sk->__sk_common.skc_family == AF_INET)
    within = (sk->__sk_common.skc_daddr & 0xff) == 127 || sk->__sk_common.skc_daddr == sk->__sk_common.skc_rcv_saddr;
  else
    within = local->in6_u.u6_addr32[3] == remote->in6_u.u6_addr32[3] && local->in6_u.u6_addr32[2] == remote->in6_u.u6_addr32[2];
  if (!within || f->role == UNCORK_ROLE_RESPONDER) count_up(UNCORK_COUNT_QUIET);
}

// Ended sockets that lost nothing may take half of the ring, and so never keep out one that did.
static __always_inline bool has_room_for(const struct uncork_flow* f) {
  return lost_something(f) || bpf_ringbuf_query(&ended, BPF_RB_AVAIL_DATA) * 2 < bpf_ringbuf_query(&ended, BPF_RB_RING_SIZE);
}
