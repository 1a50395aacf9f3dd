/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The ledger in the storage of each TCP socket, for the programs that keep it and for the pass that reads it. */
#pragma once

#include "probe/bpf/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "stall/service_sums.h"

const volatile __u32 tick_us = 4000;  // one jiffy

// The fields before `flow` fill the cache line that begins with the storage's header (8 bytes); the flow's own begin with the
// next.
struct socket_state {
  __u32 busy;
  __u32 write_seq;
  __u32 snd_nxt;
  __u32 rcv_nxt;         // data up to here is in the ledger
  __u64 arrived_us;      // when data beyond it arrived, if known; 0: tcp_mstamp still says it
  __u64 resent_us;       // a retransmission that met another event at work and is not in the ledger yet; 0: none
  __u32 window_jiffies;  // chronographs as last seen
  __u32 buffer_jiffies;
  __u32 pid;  // who wrote first (until then: who read first)
  __u8 has_written;
  __u8 leaving;    // the local end has closed or is closing
  __u8 writing;    // a write has not returned yet, and part of it is in the ledger
  __u8 exchanges;  // the flow's, in its low bits, as of the last that was counted (service.h)
  __u32 service;   // index of its sums in `services`; UNCORK_SERVICE_...: not known yet, or not wanted
  struct uncork_flow flow;
  __u64 lost_us;    // when the running exchange began; these fill the line in which the flow ends
  __u32 asked_seq;  // write_seq then
  __u32 heard_seq;  // rcv_nxt then
  __u8 born;        // its first exchange was seen
  __u8 sent_fin;    // write_seq counts our FIN
  __u8 is_wanted;   // it is of a process that is wanted
  __u8 noted_count;
  __u32 host_pid;                 // as `pid`, in the first pid namespace
  struct uncork_notes noted;      // exchanges that have ended and are not in the sums yet
  struct uncork_counted counted;  // the running exchange, where a look has counted it already
  __u64 cookie;
  __u32 busy_jiffies;  // when a hold was last seen: jiffies in which something was unacknowledged or unsent
  __u32 reported;      // tcp_sock.dsack_dups as last seen
  __u32 told_una;      // streamed: acknowledged up to here
  __u64 told_us;       // streamed: time of the last record
  char command[16];
  struct uncork_folded folded;  // last, since only a look and the end touch it
};

enum { UNCORK_SERVICE_UNKNOWN = 0, UNCORK_SERVICE_UNWANTED = ~0u };

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct socket_state);
} sockets SEC(".maps");

extern void* bpf_rdonly_cast(const void* object, __u32 btf_id) __ksym;
#define cast_to(type, pointer) ((type*)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

static __always_inline __u64 clock_us(void) { return bpf_ktime_get_ns() / 1000; }

static __always_inline bool before(__u32 a, __u32 b) { return (__s32)(a - b) < 0; }

static __always_inline bool is_tcp(const struct sock* sk) {
  // A raw socket may have protocol TCP too; only a stream socket is a tcp_sock.
  return sk->sk_protocol == IPPROTO_TCP && sk->sk_type == SOCK_STREAM;
}

// All that the chronographs counted: how long the queues of the sender were not empty.
static __always_inline __u32 busy_jiffies(struct tcp_sock* tp) {
  __u32 busy = tp->chrono_stat[0] + tp->chrono_stat[1] + tp->chrono_stat[2];
  return BPF_CORE_READ_BITFIELD(tp, chrono_type) ? busy + (__u32)bpf_jiffies64() - tp->chrono_start : busy;
}

// When held bytes left that no program saw leaving, or `until_us`. TCP_CORK is cleared without an event, and in CLOSE_WAIT the
// ACK that ends a Nagle hold is not shown (tcp_probe is in tcp_rcv_established). Until their own ACK the first transmission of
// the flight tells (tcp_rate_skb_sent), after it when what was acknowledged last had been sent (tcp_rack_advance). If newer bytes
// have overwritten both, the chronographs bound it, to a tick: while bytes were held the queue was not empty.
static __always_inline __u64 held_left_us(const struct socket_state* st, struct tcp_sock* tp, __u64 until_us) {
  __u64 since_us = st->flow.charged_until_us;
  __u64 first_us = tp->first_tx_mstamp, acked_us = tp->rack.mstamp;
  __u64 busy_us = since_us + (__u64)(busy_jiffies(tp) - st->busy_jiffies + 1) * tick_us;

  if (tp->snd_nxt == st->snd_nxt) return until_us;
  if (first_us > since_us && first_us < until_us) until_us = first_us;
  if (acked_us > since_us && acked_us < until_us) until_us = acked_us;
  return busy_us < until_us ? busy_us : until_us;
}
