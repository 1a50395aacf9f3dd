// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// How connections end, and which never came to be. Linux 6.18 net/ipv4/tcp.c, tcp_input.c, tcp_ipv4.c:
//  - inet_sock_set_state shows the state that the socket had and its sk_err, which is set before; by then its port has been
//    given back (skc_num is 0, inet_sport is not), and its counters are not wiped yet.
//  - tcp_receive_reset comes before the change to CLOSE; tcp_send_reset before it (an answer to a segment) or after it (close()
//    with unread data, SO_LINGER of 0). So these are told apart, and user space puts them together.
//  - whoever connects is the current task when the state becomes SYN_SENT, and no more when a timer gives up.
//  - what the kernel tells of a socket that it frees (SKNLGRP_INET_TCP_DESTROY) is heard only in namespaces that were known
//    before, under a number that may be another's by then, and after tcp_time_wait() without counters. So each end is told here,
//    with the counters and the namespace's cookie.
//  - a SYN that finds a listener's queue full shows nowhere but in the listener's sk_drops.
//  - a request socket that is dropped shows nowhere; but each SYN-ACK that it sends again does, and the connection that is made
//    of it has its cookie (inet_csk_clone_lock()). So user space waits for one of the two.
#include "probe/bpf/ending_records.h"
#include "probe/bpf/fill_facts.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct attempt {
  __u64 began_ns;
  __u32 pid;
  char command[16];
};

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct attempt);
} attempts SEC(".maps");

// Requests whose SYN-ACK was sent again, by cookie: so that a connection that is made in the usual way costs one look at most.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, __u64);
  __type(value, __u8);
} retried SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 16 << 20);
} endings SEC(".maps");

__u64 lost;  // records that found the ring full

static __always_inline bool is_full_tcp(const struct sock* sk) {
  __u8 state = sk->__sk_common.skc_state;
  // A TIME_WAIT or request socket is no struct sock behind its common part.
  return state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV && is_tcp(sk);
}

static __always_inline void tell(__u64 cookie, enum uncork_ending_kind kind, __u32 reset_reason, __u8 old_state) {
  struct uncork_ending* e = bpf_ringbuf_reserve(&endings, sizeof *e, 0);

  if (!e) {
    __sync_fetch_and_add(&lost, 1);
    return;
  }
  __builtin_memset(e, 0, sizeof *e);
  e->cookie = cookie;
  e->at_ns = bpf_ktime_get_ns();
  e->kind = kind;
  e->reset_reason = reset_reason;
  e->old_state = old_state;
  bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_send_reset, struct sock* sk, const struct sk_buff* skb, int reason) {
  if (!sk || !is_full_tcp(sk) || sk->__sk_common.skc_state == TCP_LISTEN) return 0;
  tell(bpf_get_socket_cookie(sk), UNCORK_ENDING_RESET_SENT, reason, sk->__sk_common.skc_state);
  return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(on_receive_reset, struct sock* sk) {
  if (!sk) return 0;
  tell(bpf_get_socket_cookie(sk), UNCORK_ENDING_RESET_RECEIVED, 0, sk->__sk_common.skc_state);
  return 0;
}

static __always_inline void fill_request(struct uncork_retried_request* r, const struct request_sock* req) {
  const struct sock_common* common = &req->__req_common;
  const struct inet_request_sock* inet = cast_to(struct inet_request_sock, req);
  const struct net* net = common->skc_net.net;
  __u32* local = (__u32*)r->local;
  __u32* remote = (__u32*)r->remote;

  r->family = common->skc_family;
  r->local_port = common->skc_num;
  r->remote_port = __builtin_bswap16(common->skc_dport);
  r->netns = net->ns.inum;
  r->netns_cookie = bpf_core_field_exists(net->net_cookie) ? net->net_cookie : 0;
  if (r->family == AF_INET6) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      local[i] = common->skc_v6_rcv_saddr.in6_u.u6_addr32[i];
      remote[i] = common->skc_v6_daddr.in6_u.u6_addr32[i];
    }
  } else {
    local[0] = common->skc_rcv_saddr;
    remote[0] = common->skc_daddr;
  }
  r->acked = BPF_CORE_READ_BITFIELD(inet, acked);
}

// Called before the request counts this timeout (reqsk_timer_handler(), tcp_reqsk_timeout()).
SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_retried_request, const struct sock* sk, const struct request_sock* req) {
  __u64 cookie = bpf_get_socket_cookie((void*)req);
  __u32 shift = (BPF_CORE_READ_BITFIELD(req, num_timeout) + 1) & 31;
  struct uncork_retried_request* r;
  __u8 value = 1;

  bpf_map_update_elem(&retried, &cookie, &value, BPF_ANY);
  r = bpf_ringbuf_reserve(&endings, sizeof *r, 0);
  if (!r) {
    __sync_fetch_and_add(&lost, 1);
    return 0;
  }
  __builtin_memset(r, 0, sizeof *r);
  r->ending.cookie = cookie;
  r->ending.at_ns = bpf_ktime_get_ns();
  r->ending.kind = UNCORK_ENDING_REQUEST_RETRIED;
  r->retries = shift;
  r->wait_jiffies = req->timeout << shift;
  fill_request(r, req);
  bpf_ringbuf_submit(r, 0);
  return 0;
}

// A connection that was accepted: of most, nobody has asked for the cookie, so that no request of theirs is in the table.
static __always_inline void tell_made(const struct sock* sk) {
  __u64 cookie = sk->__sk_common.skc_cookie.counter;

  if (cookie && !bpf_map_delete_elem(&retried, &cookie)) tell(cookie, UNCORK_ENDING_REQUEST_MADE, 0, TCP_SYN_RECV);
}

static __always_inline void remember_attempt(struct sock* sk) {
  struct attempt* attempt = bpf_sk_storage_get(&attempts, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  struct task_struct* task;

  if (!attempt) return;
  attempt->began_ns = bpf_ktime_get_ns();
  attempt->pid = bpf_get_current_pid_tgid() >> 32;
  task = bpf_get_current_task_btf();
  copy_name(attempt->command, task->group_leader->comm);
}

// The whole socket as it was: nothing shows it later, or not surely.
static __always_inline void tell_whole(struct sock* sk, __u8 old_state) {
  struct uncork_ending_with_facts* e;
  struct attempt* attempt = 0;
  struct tcp_sock* tp;

  if (old_state == TCP_SYN_SENT) attempt = bpf_sk_storage_get(&attempts, sk, 0, 0);
  e = bpf_ringbuf_reserve(&endings, sizeof *e, 0);
  if (!e) {
    __sync_fetch_and_add(&lost, 1);
    return;
  }
  __builtin_memset(e, 0, sizeof *e);
  e->ending.cookie = e->facts.cookie = bpf_get_socket_cookie(sk);
  e->ending.at_ns = bpf_ktime_get_ns();
  e->ending.kind = UNCORK_ENDING_CLOSED;
  e->ending.error = sk->sk_err;
  e->ending.old_state = old_state;
  e->facts.state = old_state;
  e->facts.fd = -1;
  if (attempt) {
    e->ending.attempt_ms = (e->ending.at_ns - attempt->began_ns) / 1000000;
    e->facts.pid = attempt->pid;
    copy_name(e->facts.command, attempt->command);
  }
  fill_socket(&e->facts, sk);
  tp = cast_to(struct tcp_sock, sk);
  e->facts.local_port = __builtin_bswap16(tp->inet_conn.icsk_inet.inet_sport);
  fill_inet(&e->facts, &tp->inet_conn.icsk_inet);
  fill_connection(&e->facts, &tp->inet_conn);
  fill_options(&e->facts, tp);
  e->facts.reordering = tp->reordering;
  e->facts.snd_cwnd = tp->snd_cwnd;
  if (old_state != TCP_LISTEN) {
    fill_tcp(&e->facts, tp);
    fill_later(&e->facts, tp);
  }
  bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock* sk, int old_state, int new_state) {
  struct sock* socket = (struct sock*)sk;

  if (!is_tcp(sk)) return 0;
  if (new_state == TCP_SYN_SENT) {
    remember_attempt(socket);
    return 0;
  }
  if (old_state == TCP_SYN_RECV) tell_made(sk);
  if (new_state == TCP_CLOSE && old_state != TCP_CLOSE) tell_whole(socket, old_state);
  if (old_state == TCP_SYN_SENT) bpf_sk_storage_delete(&attempts, socket);
  return 0;
}
