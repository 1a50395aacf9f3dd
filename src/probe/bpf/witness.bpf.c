// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// The kernel as witness: one stall ledger in the storage of each TCP socket, kept by BTF raw tracepoints, read by an iterator.
//
// Which hook sees what (Linux 6.18 net/socket.c, net/ipv4/tcp_input.c), and when. A clock reading costs as much as all else
// together (measured: bench/probe), so times come from tcp_sock.tcp_mstamp, and the clock is read only while bytes are held.
//  - sock_send_length runs after the send returned: write_seq, snd_nxt and the hold are final, and tcp_mstamp is the time of
//    the push that this send made (tcp_write_xmit refreshes it even if it sends nothing).
//  - tcp_probe runs at the entry of tcp_rcv_established: the arriving ACK is not processed yet, so the socket still shows the
//    state that lasted until now, and tcp_mstamp is still the time of the last transmission or reception: exactly when
//    bytes left that were held at the event before and are gone now.
//  - tcp_rcv_space_adjust runs when the application takes data from the queue, before it refreshes tcp_mstamp, which so still
//    is the time of the last arrival. (sock_recv_length comes after the refresh: the arrival's time would be lost.)
//  - a segment that arrives while the socket is in use is processed when its user lets go, before sock_send_length of that
//    very send: so bytes count as written when write_seq shows them, whichever hook looks first.
#include "probe/bpf/rows.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// What was held has left since the event before, and nobody saw it leave.
static __always_inline void take_left(struct socket_state* st, struct tcp_sock* tp, __u64 until_us) {
  __u32 snd_nxt = tp->snd_nxt;
  __u64 left_us;

  if (!uncork_is_held(&st->flow) || snd_nxt == st->snd_nxt) return;
  left_us = held_left_us(st, tp, until_us);
  if (left_us == until_us) return;
  tell_writes(st, tp, st->write_seq, before(snd_nxt, st->write_seq) ? snd_nxt : st->write_seq, left_us);
}

// A socket whose account has not begun: whether it begins with this event. `sk` is a TCP socket.
static __always_inline bool begins_account(struct sock* sk) {
  struct tcp_sock* tp;

  if (keeps_whole(sk)) return true;
  tp = cast_to(struct tcp_sock, sk);
  return tp->write_seq != tp->snd_nxt;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock* sk, int ret, int flags) {
  struct socket_state* st;
  struct tcp_sock* tp;
  __u64 pushed_us;
  __u32 rcv_nxt;

  if (ret <= 0) return 0;
  st = sk->sk_bpf_storage ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
  if (!st) {
    if (!is_tcp(sk) || !may_open(sk, true) || !begins_account(sk)) return 0;
    st = open_state(sk, UNCORK_ROLE_UNKNOWN);
    if (!st) return 0;
    tp = cast_to(struct tcp_sock, sk);
    st->born |= tp->bytes_sent - tp->bytes_retrans + (tp->write_seq - tp->snd_nxt) == (__u32)ret;  // nothing was written before
    st->write_seq -= ret;  // this very send is the first event
    if (before(st->write_seq, st->snd_nxt)) st->snd_nxt = st->write_seq;
  }
  st->flow.writes += 1;
  st->flow.wrote_bytes += ret;
  if (!st->has_written) {
    st->has_written = 1;
    name_owner(st);
  }
  if (!enter(st)) return 0;  // the next event sees what was written
  tp = cast_to(struct tcp_sock, sk);
  take_resent(st, tp);
  pushed_us = tp->tcp_mstamp;
  rcv_nxt = tp->rcv_nxt;
  if (before(st->rcv_nxt, rcv_nxt) && tp->snd_una == tp->write_seq) {
    // The answer overtook us: what was written has been acknowledged already. tcp_mstamp is its arrival, and the acknowledged
    // segment tells when it was sent (tcp_rack_advance). The arrival is for the reading to tell.
    st->arrived_us = pushed_us;
    pushed_us = tp->rack.mstamp;
  } else {
    // Written before what arrived was read, so tcp_mstamp is this push.
    take_arrival(st, tp, rcv_nxt, last_ack_us(tp, pushed_us));
  }
  tell_limits(st, tp);
  take_left(st, tp, pushed_us);
  take_writes(st, tp, pushed_us);
  st->writing = 0;  // it has returned
  tell_acked(st, tp, pushed_us, tp->snd_una, 0);
  look(st, tp, pushed_us);
  leave(st);
  return 0;
}

// Whether the ACK `ack_seq` lets go what is held (tcp_ack() pushes what is pending, with the socket's own flags: MSG_MORE is
// none).
static __always_inline bool releases(struct socket_state* st, struct tcp_sock* tp, __u32 ack_seq) {
  bool small_acked = !before(ack_seq, tp->snd_sml);
  __u8 nonagle = nonagle_of(tp);

  if (st->flow.hold == UNCORK_HOLD_CORK) return !(nonagle & TCP_NAGLE_CORK) && (small_acked || nonagle & TCP_NAGLE_OFF);
  return small_acked;
}

SEC("tp_btf/tcp_probe")
int BPF_PROG(on_segment, struct sock* sk, const struct sk_buff* skb) {
  struct tcp_sock* tp = cast_to(struct tcp_sock, sk);
  struct socket_state* st;
  struct tcp_skb_cb* cb;
  __u32 end_seq, rcv_nxt, data;
  __u64 now = 0, pushed_us;

  // The write queue is empty, so nothing waits to be sent; nobody waits for room; the socket is not in use, so no send is half
  // done: this ACK decides nothing, and data is seen when it is read. That is most segments, and they touch neither storage nor
  // the fields of tcp_sock, whose lines are not here yet (measured: 40 ns for the first).
  if (sk->sk_write_queue.qlen == 0 && !sk->sk_lock.owned && !writer_blocked(tp) && !stream_records) return 0;
  st = sk->sk_bpf_storage ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
  if (!st) {
    if (!may_open(sk, false) || (!keeps_whole(sk) && sk->sk_write_queue.qlen == 0 && !writer_blocked(tp))) return 0;
    st = open_state(sk, UNCORK_ROLE_UNKNOWN);
  }
  if (!st || !enter(st)) return 0;
  take_resent(st, tp);
  cb = cast_to(struct tcp_skb_cb, skb->cb);
  end_seq = cb->end_seq - !!(cb->tcp_flags & TCPHDR_FIN);
  rcv_nxt = tp->rcv_nxt;
  data = before(rcv_nxt, end_seq) && !before(rcv_nxt, cb->seq) ? end_seq - rcv_nxt : 0;
  pushed_us = tp->tcp_mstamp;
  take_arrival(st, tp, rcv_nxt, pushed_us);
  tell_limits(st, tp);
  take_writes(st, tp, pushed_us);
  read_path(st, tp);
  if (stream_records || !nothing_waits(st, tp)) {
    now = clock_us();
    tell_look(st, tp, now);
    uncork_acked(&st->flow, now, releases(st, tp, cb->ack_seq), data > 0);
    tell_acked(st, tp, now, cb->ack_seq, data ? UNCORK_FLAG_ON_DATA : 0);
  }
  if (data) st->arrived_us = now;
  leave(st);
  return 0;
}

// Of a socket whose first reading this is (as far as we know), so much has arrived for it: while nothing has been sent, all that
// ever did is one request; more than `most` was read long before.
static __always_inline __u32 first_arrival(struct tcp_sock* tp) {
  const __u64 most = 1 << 16;
  __u64 received = tp->bytes_received;

  return tp->bytes_sent || !received || received > most ? 1 : received;
}

SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(on_read, struct sock* sk) {
  struct socket_state* st = sk->sk_bpf_storage ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
  struct tcp_sock* tp = cast_to(struct tcp_sock, sk);
  __u32 rcv_nxt = tp->rcv_nxt;
  __u64 now = 0, arrived_us;

  if (!st) {
    if (!may_open(sk, true) || !keeps_whole(sk)) return 0;
    st = open_state(sk, UNCORK_ROLE_UNKNOWN);
    if (!st) return 0;
    st->rcv_nxt = rcv_nxt - first_arrival(tp);  // this very arrival is the first event
  }
  if ((st->rcv_nxt == rcv_nxt && !st->flow.unread) || !enter(st)) return 0;
  take_resent(st, tp);
  if (!st->pid) name_owner(st);
  if (st->flow.exchanges < 16 || !(st->flow.exchanges & 15)) read_path(st, tp);  // its line is cold
  arrived_us = tp->tcp_mstamp;
  if (st->flow.hold != UNCORK_HOLD_NONE) {
    // What was held has left, or the writer got its room, since the event before.
    __u64 left_us = held_left_us(st, tp, arrived_us);
    take_writes(st, tp, left_us);
    look(st, tp, left_us);
  }
  take_arrival(st, tp, rcv_nxt, arrived_us);
  if ((__u32)bpf_jiffies64() != tp->rcv_tstamp) {
    now = clock_us();
    uncork_read(&st->flow, now);
  } else {
    st->flow.unread = 0;  // read in the clock tick of its arrival: too soon to be worth a clock
  }
  stream(st, tp, UNCORK_RECORD_READ, now, 0);
  leave(st);
  return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, const struct sock* sk, const struct sk_buff* skb) {
  struct socket_state* st = bpf_sk_storage_get(&sockets, (struct sock*)sk, 0, 0);
  struct tcp_sock* tp;
  __u64 now;

  if (!st && may_open(sk, false)) st = open_state((struct sock*)sk, UNCORK_ROLE_UNKNOWN);
  if (!st) return 0;
  now = clock_us();
  if (!enter(st)) {
    st->resent_us = now;
    return 0;
  }
  tp = cast_to(struct tcp_sock, sk);
  take_resent(st, tp);
  take_arrival(st, tp, tp->rcv_nxt, st->flow.charged_until_us);
  take_writes(st, tp, st->flow.charged_until_us);
  tell_acked(st, tp, st->flow.charged_until_us, tp->snd_una, 0);
  look(st, tp, st->flow.charged_until_us);
  tell_retransmitted(st, tp, now);
  leave(st);
  return 0;
}

// The local end closes: its FIN follows at once and lets go what is held.
static __always_inline void finish(struct socket_state* st, struct tcp_sock* tp) {
  __u64 now = clock_us();

  take_left(st, tp, now);
  uncork_finished(&st->flow, now);
  stream(st, tp, UNCORK_RECORD_FINISHED, now, 0);
  st->leaving = 1;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock* sk, int old_state, int new_state) {
  struct socket_state* st;

  if (!is_tcp(sk)) return 0;
  if (new_state == TCP_LISTEN) {
    remember_listener(sk);
  } else if (new_state == TCP_ESTABLISHED) {
    if (may_open(sk, false) && keeps_whole(sk))
      open_state((struct sock*)sk, old_state == TCP_SYN_SENT ? UNCORK_ROLE_REQUESTER : UNCORK_ROLE_RESPONDER);
  } else if (old_state == TCP_ESTABLISHED || old_state == TCP_CLOSE_WAIT || new_state == TCP_CLOSE) {
    st = bpf_sk_storage_get(&sockets, (struct sock*)sk, 0, 0);
    if (!st) return 0;
    if (new_state == TCP_CLOSE_WAIT) {
      st->rcv_nxt += 1;
      st->heard_seq += 1;  // the peer's FIN took a number, and is no data; our direction goes on
    } else if (enter(st)) {
      if (!st->leaving) finish(st, cast_to(struct tcp_sock, sk));
      leave(st);
    }
  }
  return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock* sk) {
  struct socket_state* st = sk->sk_bpf_storage ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
  struct uncork_socket_row* row;
  struct tcp_sock* tp;
  __u64 now, pushed_us;

  if (!st) return 0;
  tp = cast_to(struct tcp_sock, sk);
  now = clock_us();
  pushed_us = tp->tcp_mstamp;
  st->leaving = 1;
  for (int i = 0; i < 16 && !enter(st); i++) continue;  // a look, if anything: this is the last event
  take_resent(st, tp);
  take_arrival(st, tp, tp->rcv_nxt == st->rcv_nxt + 1 ? st->rcv_nxt : tp->rcv_nxt, pushed_us);  // a FIN is no data
  tell_limits(st, tp);
  take_writes(st, tp, pushed_us);
  tell_reported(st, tp);
  uncork_closed(&st->flow, now);
  stream(st, tp, UNCORK_RECORD_CLOSED, now, 0);
  if (!st->flow.exchanges) return 0;  // it carried nothing
  fold_ended(st, sk);
  leave(st);
  if (!tell_ended || st->service == UNCORK_SERVICE_UNWANTED) return 0;
  if (!tell_quiet && !lost_something(&st->flow)) {
    count_quiet(sk, &st->flow);
    return 0;
  }
  if (!has_room_for(&st->flow)) return 0;  // one of too many that lost nothing
  row = bpf_ringbuf_reserve(&ended, sizeof *row, 0);
  if (!row) {
    count_up(UNCORK_COUNT_ENDED_LOST);
    return 0;
  }
  fill_row(row, sk, st);
  row->ended = 1;
  bpf_ringbuf_submit(row, 0);
  return 0;
}

// One pass over every descriptor of every process, all namespaces: a row for each TCP socket with a ledger. A listening socket is
// remembered instead.
SEC("iter/task_file")
int each_file(struct bpf_iter__task_file* ctx) {
  struct file* file = ctx->file;
  struct task_struct* task = ctx->task;
  struct uncork_socket_row* row;
  struct socket_state* st;
  struct socket* socket;
  struct sock* sk;

  if (!file || !task) return 0;
  socket = bpf_sock_from_file(file);
  if (!socket) return 0;
  sk = socket->sk;
  if (!sk || !is_tcp(sk)) return 0;
  if (sk->__sk_common.skc_state == TCP_LISTEN) {
    remember_listener(sk);
    return 0;
  }
  st = bpf_sk_storage_get(&sockets, sk, 0, 0);
  row = st ? row_of(sk, st) : 0;
  if (!row) return 0;
  row->host_pid = task->tgid;
  row->pid = pid_of(task);
  row->fd = ctx->fd;
  __builtin_memcpy(row->command, task->group_leader->comm, sizeof row->command);
  bpf_seq_write(ctx->meta->seq, row, sizeof *row);
  return 0;
}

// One pass over the sockets that no process holds any more, and that still send what was written: a row for each.
SEC("iter/bpf_sk_storage_map")
int each_orphan(struct bpf_iter__bpf_sk_storage_map* ctx) {
  struct socket_state* st = ctx->value;
  struct sock* sk = ctx->sk;
  struct uncork_socket_row* row;

  if (!sk || !st || !st->leaving || sk->sk_socket) return 0;
  row = row_of(sk, st);
  if (row) bpf_seq_write(ctx->meta->seq, row, sizeof *row);
  return 0;
}

// --- which processes are wanted, and what becomes of their children ---

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct* parent, struct task_struct* child) {
  __u32 parent_pid = parent->tgid, child_pid = child->tgid;
  __u8 yes = 1;

  if (parent_pid != child_pid && bpf_map_lookup_elem(&wanted, &parent_pid))
    bpf_map_update_elem(&wanted, &child_pid, &yes, BPF_ANY);
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct* task) {
  __u32 pid = task->tgid;

  if (task->pid == task->tgid) bpf_map_delete_elem(&wanted, &pid);
  return 0;
}

// One pass over every process: its name, its parent, and its number in the reader's pid namespace.
SEC("iter/task")
int each_process(struct bpf_iter__task* ctx) {
  struct task_struct* task = ctx->task;
  struct uncork_process process = {};

  if (!task || task->pid != task->tgid) return 0;
  process.host_pid = task->tgid;
  process.host_parent = task->real_parent->tgid;
  process.pid = pid_of(task);
  __builtin_memcpy(process.command, task->comm, sizeof process.command);
  bpf_seq_write(ctx->meta->seq, &process, sizeof process);
  return 0;
}
