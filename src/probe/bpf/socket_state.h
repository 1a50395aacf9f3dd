/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the witness keeps besides the ledgers: which sockets have whole ones, the other maps, the counters. */
#pragma once

#include "probe/bpf/ledger_state.h"
#include "probe/bpf/records.h"

const volatile bool stream_records = false;

// Which sockets have whole accounts, from their first byte. Of the others (light) the account begins when something is held for
// the first time: until then they have no storage, and their events cost no more than a look at the socket.
const volatile bool whole = true;
const volatile __u16 whole_port = 0;  // at either end; these three: 0 none
const volatile __u32 whole_netns = 0;
const volatile __u32 whole_pid = 0;

// Nothing but these sockets has an account; 0 (and no bits): whatever the other three say.
const volatile __u16 only_port = 0;  // at either end
const volatile __u16 only_local_port = 0;
const volatile __u16 only_remote_port = 0;
const volatile __u32 only_netns = 0;
const volatile bool only_pids = false;     // what the processes in `wanted` send and read
const volatile bool only_cgroup = false;   // what those in the control group of `cgroups` and below it do
const volatile __u8 only_remote_bits = 0;  // of an address as IPv6 has it
const volatile __u8 only_remote[16] = {};
const volatile __u8 only_role = UNCORK_ROLE_UNKNOWN;

const volatile __u32 pid_namespace = 0;  // inode of the reader's; 0: the first
const volatile bool tell_rows = true;    // of open sockets, to user space
const volatile bool tell_ended = true;   // of ended ones
const volatile bool tell_quiet = true;   // of ended ones that lost nothing

// Processes that are wanted, by their host's pid.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 65536);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, __u32);
  __type(value, __u8);
} wanted SEC(".maps");

// The control group (version 2) that is wanted.
struct {
  __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} cgroups SEC(".maps");

// Listening (namespace << 16 | port): tells which end of a connection that was open before us is the server's.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16384);
  __type(key, __u64);
  __type(value, __u8);
} listeners SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct uncork_socket_row);
} row_scratch SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 16 << 20);
} ended SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);  // the loader enlarges it when records are streamed
} records SEC(".maps");

__u64 counters[UNCORK_COUNTERS];

static __always_inline void count_up(enum uncork_counter counter) { __sync_fetch_and_add(&counters[counter], 1); }

static __always_inline __u64 listener_key(const struct sock* sk, __u16 port) {
  return (__u64)sk->__sk_common.skc_net.net->ns.inum << 16 | port;
}

static __always_inline void remember_listener(const struct sock* sk) {
  __u64 key = listener_key(sk, sk->__sk_common.skc_num);
  __u8 yes = 1;
  bpf_map_update_elem(&listeners, &key, &yes, BPF_ANY);
}

static __always_inline bool is_listened_on(const struct sock* sk, __u16 port) {
  __u64 key = listener_key(sk, port);
  return bpf_map_lookup_elem(&listeners, &key);
}

// Which end of a connection this is that was open before us: the listener's side answers. If neither port is listened on here,
// the one below Linux's default ip_local_port_range is the service's; else whoever speaks first will be taken for the requester.
static __always_inline __u8 role_by_ports(const struct sock* sk) {
  const __u16 first_ephemeral = 32768;
  __u16 local = sk->__sk_common.skc_num, remote = __builtin_bswap16(sk->__sk_common.skc_dport);

  if (is_listened_on(sk, local)) return UNCORK_ROLE_RESPONDER;
  if (is_listened_on(sk, remote)) return UNCORK_ROLE_REQUESTER;
  if ((local < first_ephemeral) == (remote < first_ephemeral)) return UNCORK_ROLE_UNKNOWN;
  return local < first_ephemeral ? UNCORK_ROLE_RESPONDER : UNCORK_ROLE_REQUESTER;
}

static __always_inline bool chooses_processes(void) { return only_pids || only_cgroup; }

// Of the current process, whose number on the host this is.
static __always_inline bool is_wanted_process(__u32 host_pid) {
  if (only_pids && !bpf_map_lookup_elem(&wanted, &host_pid)) return false;
  return !only_cgroup || bpf_current_task_under_cgroup(&cgroups, 0) == 1;
}

// Whether a socket may have an account. `in_process`: the current process is the one that uses it.
static __always_inline bool may_open(const struct sock* sk, bool in_process) {
  if (only_port && sk->__sk_common.skc_num != only_port && sk->__sk_common.skc_dport != __builtin_bswap16(only_port))
    return false;
  if (only_local_port && sk->__sk_common.skc_num != only_local_port) return false;
  if (only_remote_port && sk->__sk_common.skc_dport != __builtin_bswap16(only_remote_port)) return false;
  if (only_netns && sk->__sk_common.skc_net.net->ns.inum != only_netns) return false;
  return !chooses_processes() || (in_process && is_wanted_process(bpf_get_current_pid_tgid() >> 32));
}

static __always_inline bool keeps_whole(const struct sock* sk) {
  if (whole) return true;
  if (whole_port && sk->__sk_common.skc_num == whole_port) return true;
  if (whole_port && sk->__sk_common.skc_dport == __builtin_bswap16(whole_port)) return true;
  if (whole_netns && sk->__sk_common.skc_net.net->ns.inum == whole_netns) return true;
  return whole_pid && bpf_get_current_pid_tgid() >> 32 == whole_pid;
}

// --- one event at a time per socket ---
// A send's program runs after the socket's lock was released, so a segment's program may run beside it, or in an interrupt on
// top of it. The first waits a moment, the second cannot; what is missed shows at the next event, which reads it off the
// socket. Of a retransmission the socket shows no time, so that one leaves its time behind.

static __always_inline bool enter(struct socket_state* st) {
  for (int i = 0; i < 8; i++)
    if (__sync_val_compare_and_swap(&st->busy, 0, 1) == 0) return true;
  count_up(UNCORK_COUNT_CONTENDED);
  return false;
}

static __always_inline void leave(struct socket_state* st) { *(volatile __u32*)&st->busy = 0; }
