// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// One pass over every descriptor of every process, which finds the TCP sockets of all network namespaces: what inet_diag and
// tcp_info would say of each, who holds it, and the witness's ledger where there is one.
//
// Not seen: sockets that no descriptor stands for (TIME_WAIT, requests, not accepted yet, closed and still sending, on their way
// through a Unix socket, held by the kernel). No lock is taken: a row may be torn between two moments.
#include "probe/bpf/fill_facts.h"
#include "probe/bpf/pass_ahead.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 states = ~0u;        // those that are wanted, by bit
const volatile bool with_ledger = false;  // the map `sockets` is a witness's
const volatile bool with_closed = false;  // also sockets in no hash table: not connected yet, or no more

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, UNCORK_PASS_PLACES);
  __type(key, __u32);
  __type(value, struct uncork_pass_place);
} places SEC(".maps");

static __u64 written;  // sockets, since it was loaded

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct uncork_flow);
} flow_scratch SEC(".maps");

static __always_inline void copy_stalls(struct uncork_ledger_facts* l, const struct uncork_flow* flow) {
  l->late_writes = l->late_worst_us = l->unused = 0;
  for (int i = 0; i < UNCORK_STALLS; i++) {
    l->lost_us[i] = flow->budget_us[i];
    l->late_us[i] = flow->late[i].sum_us;
    l->late_writes += flow->late[i].writes;
    if (flow->late[i].worst_us > l->late_worst_us) l->late_worst_us = flow->late[i].worst_us;
  }
  l->holds = flow->holds;
}

// What it has of the ledger, as bits of uncork_facts_present.
static __always_inline __u32 copy_ledger(struct uncork_ledger_facts* l, const struct uncork_flow* flow) {
  l->wrote_bytes = flow->wrote_bytes;
  l->writes = flow->writes;
  l->exchanges = flow->exchanges;
  __builtin_memcpy(l->exchange_log2, flow->exchange_log2, sizeof l->exchange_log2);
  if (!(flow->late_cause & UNCORK_STALLED)) return UNCORK_HAS_LEDGER;
  copy_stalls(l, flow);
  return UNCORK_HAS_LEDGER | UNCORK_HAS_STALLS;
}

// What the witness keeps of the socket, or null.
static __always_inline struct socket_state* state_of(struct sock* sk) {
  return sk->sk_bpf_storage ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
}

// A socket gets its cookie from whoever asks first.
static __always_inline __u64 cookie_of(struct sock* sk) {
  __u64 cookie = ((const struct sock_common___cookie*)&sk->__sk_common)->skc_cookie.counter;

  return cookie ? cookie : bpf_get_socket_cookie(sk);
}

static __always_inline __u64 inode_of(const struct sock* sk, const struct file* file) {
  __u64 inode = has_inode_number() ? ((const struct sock___ino*)sk)->sk_ino : 0;

  return inode ? inode : file->f_inode->i_ino;
}

// 0: there is no ledger of something.
static __always_inline __u32 fill_ledger(struct uncork_ledger_facts* l, struct socket_state* st, struct sock* sk) {
  struct uncork_flow* flow;
  __u32 zero = 0;

  if (!st || !st->flow.exchanges) return 0;
  if (st->flow.hold == UNCORK_HOLD_NONE && !st->flow.pending) return copy_ledger(l, &st->flow);
  flow = bpf_map_lookup_elem(&flow_scratch, &zero);
  if (!flow) return 0;
  // In two parts: the compiler writes out copies of a kilobyte at most.
  __builtin_memcpy(flow, &st->flow, offsetof(struct uncork_flow, pending_us));
  __builtin_memcpy(&flow->pending_us, &st->flow.pending_us, sizeof *flow - offsetof(struct uncork_flow, pending_us));
  uncork_conclude(flow, held_left_us(st, cast_to(struct tcp_sock, sk), clock_us()));
  return copy_ledger(l, flow);
}

static __always_inline void fill_holder(struct uncork_socket_facts* f, struct bpf_iter__task_file* ctx, struct file* file,
                                        struct task_struct* task, const struct sock* sk) {
  f->pid = task->tgid;
  f->fd = ctx->fd;
  f->inode = inode_of(sk, file);
  copy_name(f->command, task->group_leader->comm);
}

SEC("iter/task_file")
int each_socket(struct bpf_iter__task_file* ctx) {
  struct task_struct* task = ctx->task;
  struct file* file = ctx->file;
  struct socket_state* st = 0;
  struct uncork_pass_place* record;
  struct uncork_pass_note note;
  struct socket* socket;
  struct tcp_sock* tp;
  struct sock* sk;
  __u32 place;

  if (!file || !task) return 0;
  socket = bpf_sock_from_file(file);
  if (!socket) return 0;
  sk = socket->sk;
  if (!sk || !is_tcp(sk)) return 0;
  if (!(states >> (sk->__sk_common.skc_state & 31) & 1)) return 0;
  if (!with_closed && sk->__sk_common.skc_state == TCP_CLOSE) return 0;
  look_ahead(task, file, ctx->fd, with_ledger);
  if (with_ledger) st = state_of(sk);
  note.place = written % UNCORK_PASS_PLACES;
  place = note.place;
  record = bpf_map_lookup_elem(&places, &place);
  if (!record) return 0;

  record->facts.cookie = cookie_of(sk);
  record->facts.state = sk->__sk_common.skc_state;
  fill_holder(&record->facts, ctx, file, task, sk);
  fill_socket(&record->facts, sk);
  tp = cast_to(struct tcp_sock, sk);
  fill_inet(&record->facts, &tp->inet_conn.icsk_inet);
  fill_connection(&record->facts, &tp->inet_conn);
  fill_options(&record->facts, tp);
  record->facts.reordering = tp->reordering;
  record->facts.snd_cwnd = tp->snd_cwnd;
  if (record->facts.state != TCP_LISTEN) {
    fill_tcp(&record->facts, tp);
    fill_later(&record->facts, tp);
    fill_bbr(&record->facts, tp);
    if (with_ledger) record->facts.present |= fill_ledger(&record->ledger, st, sk);
  }
  if (bpf_seq_write(ctx->meta->seq, &note, sizeof note) == 0) written++;
  return 0;
}
