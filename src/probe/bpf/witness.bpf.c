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
#include "probe/bpf/kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "probe/bpf/records.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile bool stream_records = false;
const volatile __u32 tick_us = 4000;  // one jiffy

// The fields before `flow` share the cache line of the storage's header (8 bytes), and are all that an arriving segment touches
// while nothing is held: the line crosses between the processors of the receiving interrupt and of the reader.
struct socket_state {
  __u32 busy;
  __u32 write_seq;
  __u32 snd_nxt;
  __u32 rcv_nxt;         // data up to here is in the ledger
  __u64 arrived_us;      // when data beyond it arrived, if known; 0: tcp_mstamp still says it
  __u32 window_jiffies;  // chronographs as last seen
  __u32 buffer_jiffies;
  __u8 has_written;
  __u8 leaving;  // the local end has closed or is closing
  __u8 unused;
  __u64 cookie;
  __u32 pid;           // who wrote first (until then: who read first)
  __u32 busy_jiffies;  // when a hold was last seen: jiffies in which something was unacknowledged or unsent
  __u64 resent_us;     // a retransmission that met another event at work and is not in the ledger yet; 0: none
  struct uncork_flow flow;
  __u32 window_limited_us;  // for the next streamed record
  __u32 buffer_limited_us;
  char command[16];
};

struct {
  __uint(type, BPF_MAP_TYPE_SK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct socket_state);
} sockets SEC(".maps");

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
  __uint(max_entries, 4 << 20);
} ended SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);  // the loader enlarges it when records are streamed
} records SEC(".maps");

__u64 counters[UNCORK_COUNTERS];

extern void* bpf_rdonly_cast(const void* object, __u32 btf_id) __ksym;
#define cast_to(type, pointer) ((type*)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

static __always_inline void count_up(enum uncork_counter counter) { __sync_fetch_and_add(&counters[counter], 1); }

static __always_inline __u64 clock_us(void) { return bpf_ktime_get_ns() / 1000; }

static __always_inline bool before(__u32 a, __u32 b) { return (__s32)(a - b) < 0; }

static __always_inline bool is_tcp(const struct sock* sk) {
  // A raw socket may have protocol TCP too; only a stream socket is a tcp_sock.
  return sk->sk_protocol == IPPROTO_TCP && sk->sk_type == SOCK_STREAM;
}

static __always_inline bool is_listened_on(const struct sock* sk, __u16 port) {
  __u64 key = (__u64)sk->__sk_common.skc_net.net->ns.inum << 16 | port;
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

// --- reading the sender ---

static __always_inline __u8 nonagle_of(struct tcp_sock* tp) { return BPF_CORE_READ_BITFIELD(tp, nonagle); }

static __always_inline bool congestion_limited(struct tcp_sock* tp) {
  // tcp_packets_in_flight() against snd_cwnd
  return tp->packets_out - (tp->sacked_out + tp->lost_out) + tp->retrans_out >= tp->snd_cwnd;
}

static __always_inline bool recovering(struct tcp_sock* tp) {
  return BPF_CORE_READ_BITFIELD(&tp->inet_conn, icsk_ca_state) >= TCP_CA_RECOVERY;
}

// A writer waits for room, or polls for it. Only while more than half of the buffer is taken (sk_stream_is_writeable).
static __always_inline bool writer_blocked(struct tcp_sock* tp) {
  struct sock* sk = &tp->inet_conn.icsk_inet.sk;
  struct socket* socket;

  if (sk->sk_wmem_queued * 2 < sk->sk_sndbuf) return false;
  socket = sk->sk_socket;  // none once the socket is closed
  return socket && (socket->flags >> SOCK_NOSPACE & 1);
}

static __always_inline enum uncork_hold hold_of(struct tcp_sock* tp, const struct socket_state* st) {
  struct uncork_sender s = {};

  s.unsent_bytes = st->write_seq - st->snd_nxt;
  s.recovering = st->flow.recovering;
  s.writer_blocked = writer_blocked(tp);
  if (s.unsent_bytes == 0) return uncork_hold_of(&s);
  __u8 nonagle = nonagle_of(tp);
  s.mss_bytes = tp->mss_cache;
  s.in_flight = tp->packets_out > 0;
  s.small_unacked = before(tp->snd_una, tp->snd_sml) && !before(tp->snd_nxt, tp->snd_sml);
  s.nodelay = nonagle & TCP_NAGLE_OFF;
  s.corked = nonagle & TCP_NAGLE_CORK;
  s.window_limited = BPF_CORE_READ_BITFIELD(tp, chrono_type) == TCP_CHRONO_RWND_LIMITED;
  s.congestion_limited = congestion_limited(tp);
  return uncork_hold_of(&s);
}

// tcp_chrono_start/stop in tcp_output.c: jiffies in which the peer's window or our send buffer was the limit.
static __always_inline void credit_limits(struct socket_state* st, struct tcp_sock* tp) {
  __u32 window = tp->chrono_stat[TCP_CHRONO_RWND_LIMITED - 1];
  __u32 buffer = tp->chrono_stat[TCP_CHRONO_SNDBUF_LIMITED - 1];
  __u8 type = BPF_CORE_READ_BITFIELD(tp, chrono_type);

  if (type >= TCP_CHRONO_RWND_LIMITED) {
    __u32 running = (__u32)bpf_jiffies64() - tp->chrono_start;
    if (type == TCP_CHRONO_RWND_LIMITED)
      window += running;
    else
      buffer += running;
  }
  if (window != st->window_jiffies) {
    __u32 us = (window - st->window_jiffies) * tick_us;
    st->flow.window_credit_us += us;
    st->window_limited_us += us;
    st->window_jiffies = window;
  }
  if (buffer != st->buffer_jiffies) {
    __u32 us = (buffer - st->buffer_jiffies) * tick_us;
    st->flow.buffer_credit_us += us;
    st->buffer_limited_us += us;
    st->buffer_jiffies = buffer;
  }
}

static __always_inline void read_path(struct socket_state* st, struct tcp_sock* tp) {
  __u32 min_rtt = tp->rtt_min.s[0].v;
  st->flow.min_rtt_us = min_rtt == ~0u ? 0 : min_rtt;  // tcp_min_rtt(): ~0 before the first sample
  if (st->flow.recovering) st->flow.recovering = recovering(tp);
}

// --- streaming, off by default ---

static __always_inline void stream(struct socket_state* st, struct tcp_sock* tp, __u8 kind, __u64 now_us, __u64 pushed_us,
                                   __u32 ack_seq, __u32 bytes, __u64 arrived_us, __u32 arrived_bytes) {
  struct uncork_record* r;
  __u8 nonagle;

  if (!stream_records) return;
  r = bpf_ringbuf_reserve(&records, sizeof *r, 0);
  if (!r) {
    count_up(UNCORK_COUNT_RING_FULL);
    return;
  }
  nonagle = nonagle_of(tp);
  r->cookie = st->cookie;
  r->now_us = now_us;
  r->transmit_us = pushed_us;
  r->arrived_us = arrived_us;
  r->arrived_bytes = arrived_bytes;
  r->write_seq = tp->write_seq;
  r->snd_nxt = tp->snd_nxt;
  r->ack_seq = ack_seq;
  r->data_bytes = bytes;
  r->mss_bytes = tp->mss_cache;
  r->min_rtt_us = st->flow.min_rtt_us;
  r->window_limited_us = st->window_limited_us;
  r->buffer_limited_us = st->buffer_limited_us;
  st->window_limited_us = st->buffer_limited_us = 0;
  r->kind = kind;
  r->flags = (nonagle & TCP_NAGLE_OFF ? UNCORK_FLAG_NODELAY : 0) | (nonagle & TCP_NAGLE_CORK ? UNCORK_FLAG_CORKED : 0) |
             (BPF_CORE_READ_BITFIELD(tp, chrono_type) == TCP_CHRONO_RWND_LIMITED ? UNCORK_FLAG_WINDOW_LIMITED : 0) |
             (congestion_limited(tp) ? UNCORK_FLAG_CONGESTION_LIMITED : 0) | (st->flow.recovering ? UNCORK_FLAG_RECOVERING : 0) |
             (writer_blocked(tp) ? UNCORK_FLAG_WRITER_BLOCKED : 0);
  r->role = st->flow.role;
  r->unused = 0;
  bpf_ringbuf_submit(r, 0);
}

// --- catching up with what the socket shows ---

struct arrival {
  __u64 us;
  __u32 bytes;
};

// Tells the ledger of data that arrived since the event before. `at_us`: when, unless a program has kept it.
static __always_inline struct arrival take_arrival(struct socket_state* st, __u32 rcv_nxt, __u64 at_us) {
  struct arrival arrival = {};

  if (!before(st->rcv_nxt, rcv_nxt)) return arrival;
  arrival.us = st->arrived_us ? st->arrived_us : at_us;
  arrival.bytes = rcv_nxt - st->rcv_nxt;
  st->rcv_nxt = rcv_nxt;
  st->arrived_us = 0;
  uncork_received(&st->flow, arrival.us);
  st->flow.received_bytes += arrival.bytes;
  return arrival;
}

// When data arrived that no program saw arriving, if tcp_mstamp says something else by now: to a tick, from tcp_ack().
static __always_inline __u64 last_ack_us(struct tcp_sock* tp, __u64 now_us) {
  __u64 ago_us = (__u64)((__u32)bpf_jiffies64() - tp->rcv_tstamp) * tick_us;
  return ago_us < now_us ? now_us - ago_us : now_us;
}

// Bytes that were written or sent since the event before, at the time of the last push.
static __always_inline void take_writes(struct socket_state* st, struct tcp_sock* tp, __u64 pushed_us) {
  __u32 write_seq = tp->write_seq;
  __u32 snd_nxt = tp->snd_nxt;

  if (write_seq != st->write_seq) {
    // The FIN takes a sequence number too, but nobody wrote it.
    if (!st->leaving) uncork_wrote(&st->flow, pushed_us);
    st->write_seq = write_seq;
  }
  if (snd_nxt != st->snd_nxt) {
    uncork_sent(&st->flow, pushed_us);
    st->snd_nxt = snd_nxt;
  }
}

// Tells the ledger of a retransmission that could not tell it itself.
static __always_inline void take_resent(struct socket_state* st, struct tcp_sock* tp) {
  __u64 resent_us = st->resent_us;

  if (!resent_us) return;
  st->resent_us = 0;
  stream(st, tp, UNCORK_RECORD_RETRANSMIT, resent_us, st->flow.charged_until_us, tp->snd_una, 0, 0, 0);
  uncork_retransmitted(&st->flow, resent_us);
  st->flow.recovering = recovering(tp);
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

// --- a socket's storage ---

static __noinline struct socket_state* open_state(struct sock* sk, __u8 role) {
  struct tcp_sock* tp = cast_to(struct tcp_sock, sk);
  struct socket_state* st;

  st = bpf_sk_storage_get(&sockets, sk, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!st) {
    count_up(UNCORK_COUNT_NO_STORAGE);
    return 0;
  }
  if (role == UNCORK_ROLE_UNKNOWN) role = role_by_ports(sk);
  st->cookie = bpf_get_socket_cookie(sk);
  uncork_open(&st->flow, clock_us(), role);
  st->write_seq = tp->write_seq;
  st->snd_nxt = tp->snd_nxt;
  st->rcv_nxt = tp->rcv_nxt;
  credit_limits(st, tp);
  st->flow.window_credit_us = st->flow.buffer_credit_us = 0;
  st->window_limited_us = st->buffer_limited_us = 0;
  read_path(st, tp);
  stream(st, tp, UNCORK_RECORD_OPEN, st->flow.opened_us, st->flow.opened_us, tp->snd_una, 0, 0, 0);
  return st;
}

static __always_inline struct socket_state* state_of(struct sock* sk) {
  struct socket_state* st = bpf_sk_storage_get(&sockets, sk, 0, 0);
  return st ? st : open_state(sk, UNCORK_ROLE_UNKNOWN);
}

static __always_inline void name_owner(struct socket_state* st) {
  st->pid = bpf_get_current_pid_tgid() >> 32;
  bpf_get_current_comm(st->command, sizeof st->command);
}

// --- the hooks ---

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock* sk, int ret, int flags) {
  struct socket_state* st;
  struct arrival arrival = {};
  struct tcp_sock* tp;
  __u64 pushed_us;
  __u32 rcv_nxt;

  if (ret <= 0) return 0;
  st = bpf_sk_storage_get(&sockets, sk, 0, 0);
  if (!st) {
    if (!is_tcp(sk)) return 0;
    st = open_state(sk, UNCORK_ROLE_UNKNOWN);
    if (!st) return 0;
    st->write_seq -= ret;  // this very send is the first event
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
    arrival = take_arrival(st, rcv_nxt, last_ack_us(tp, pushed_us));
  }
  credit_limits(st, tp);
  if (uncork_is_held(&st->flow)) {
    __u64 left_us = held_left_us(st, tp, pushed_us);
    if (left_us != pushed_us) uncork_end_hold(&st->flow, left_us, 0);
  }
  take_writes(st, tp, pushed_us);
  uncork_set_hold(&st->flow, pushed_us, hold_of(tp, st));
  if (st->flow.hold != UNCORK_HOLD_NONE) st->busy_jiffies = busy_jiffies(tp);
  stream(st, tp, UNCORK_RECORD_SEND, pushed_us, pushed_us, tp->snd_una, ret, arrival.us, arrival.bytes);
  leave(st);
  return 0;
}

SEC("tp_btf/tcp_probe")
int BPF_PROG(on_segment, struct sock* sk, const struct sk_buff* skb) {
  struct tcp_sock* tp = cast_to(struct tcp_sock, sk);
  struct socket_state* st;
  struct arrival arrival;
  struct tcp_skb_cb* cb;
  __u32 end_seq, rcv_nxt, data;
  __u64 now, pushed_us;
  enum uncork_hold hold;

  // The write queue is empty, so nothing waits to be sent; nobody waits for room; the socket is not in use, so no send is half
  // done: this ACK decides nothing, and data is seen when it is read. That is most segments, and they touch neither storage nor
  // the fields of tcp_sock, whose lines are not here yet (measured: 40 ns for the first).
  if (sk->sk_write_queue.qlen == 0 && !sk->sk_lock.owned && !writer_blocked(tp) && !stream_records) return 0;
  st = state_of(sk);
  if (!st || !enter(st)) return 0;
  take_resent(st, tp);
  cb = cast_to(struct tcp_skb_cb, skb->cb);
  end_seq = cb->end_seq - !!(cb->tcp_flags & TCPHDR_FIN);
  rcv_nxt = tp->rcv_nxt;
  data = before(rcv_nxt, end_seq) && !before(rcv_nxt, cb->seq) ? end_seq - rcv_nxt : 0;
  pushed_us = tp->tcp_mstamp;
  arrival = take_arrival(st, rcv_nxt, pushed_us);
  credit_limits(st, tp);
  take_writes(st, tp, pushed_us);
  read_path(st, tp);
  hold = hold_of(tp, st);
  now = 0;
  if (hold != UNCORK_HOLD_NONE || st->flow.hold != UNCORK_HOLD_NONE) {
    now = clock_us();
    uncork_set_hold(&st->flow, now, hold);
    uncork_acked(&st->flow, now, !before(cb->ack_seq, tp->snd_sml), data > 0);
    st->busy_jiffies = busy_jiffies(tp);
  }
  stream(st, tp, UNCORK_RECORD_SEGMENT, now, pushed_us, cb->ack_seq, data, arrival.us, arrival.bytes);
  if (data) st->arrived_us = now;
  leave(st);
  return 0;
}

SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(on_read, struct sock* sk) {
  struct socket_state* st = bpf_sk_storage_get(&sockets, sk, 0, 0);
  struct tcp_sock* tp = cast_to(struct tcp_sock, sk);
  struct arrival arrival;
  __u32 rcv_nxt = tp->rcv_nxt;
  __u64 now = 0, arrived_us;

  if (!st) {
    st = open_state(sk, UNCORK_ROLE_UNKNOWN);
    if (!st) return 0;
    st->rcv_nxt = rcv_nxt - 1;  // this very arrival is the first event
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
    uncork_set_hold(&st->flow, left_us, hold_of(tp, st));
  }
  arrival = take_arrival(st, rcv_nxt, arrived_us);
  if ((__u32)bpf_jiffies64() != tp->rcv_tstamp) {
    now = clock_us();
    uncork_read(&st->flow, now);
  } else {
    st->flow.unread = 0;  // read in the clock tick of its arrival: too soon to be worth a clock
  }
  stream(st, tp, UNCORK_RECORD_READ, now, arrival.us, tp->snd_una, 0, arrival.us, arrival.bytes);
  leave(st);
  return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, const struct sock* sk, const struct sk_buff* skb) {
  struct socket_state* st = bpf_sk_storage_get(&sockets, (struct sock*)sk, 0, 0);
  struct arrival arrival;
  struct tcp_sock* tp;
  __u64 now;

  if (!st) return 0;
  now = clock_us();
  if (!enter(st)) {
    st->resent_us = now;
    return 0;
  }
  tp = cast_to(struct tcp_sock, sk);
  take_resent(st, tp);
  arrival = take_arrival(st, tp->rcv_nxt, st->flow.charged_until_us);
  take_writes(st, tp, st->flow.charged_until_us);
  uncork_set_hold(&st->flow, st->flow.charged_until_us, hold_of(tp, st));
  stream(st, tp, UNCORK_RECORD_RETRANSMIT, now, st->flow.charged_until_us, tp->snd_una, 0, arrival.us, arrival.bytes);
  uncork_retransmitted(&st->flow, now);
  st->flow.recovering = recovering(tp);
  leave(st);
  return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock* sk, int old_state, int new_state) {
  struct socket_state* st;

  if (!is_tcp(sk)) return 0;
  if (new_state == TCP_ESTABLISHED) {
    open_state((struct sock*)sk, old_state == TCP_SYN_SENT ? UNCORK_ROLE_REQUESTER : UNCORK_ROLE_RESPONDER);
  } else if (old_state == TCP_ESTABLISHED || old_state == TCP_CLOSE_WAIT || new_state == TCP_CLOSE) {
    st = bpf_sk_storage_get(&sockets, (struct sock*)sk, 0, 0);
    // CLOSE_WAIT: the peer has ended its direction, ours goes on. Else our FIN follows at once and lets go what is held.
    if (st && new_state == TCP_CLOSE_WAIT) st->rcv_nxt += 1;  // the FIN took a number, and is no data
    if (st && new_state != TCP_CLOSE_WAIT && enter(st)) {
      uncork_end_hold(&st->flow, held_left_us(st, cast_to(struct tcp_sock, sk), clock_us()), 0);
      st->leaving = 1;
      leave(st);
    }
  }
  return 0;
}

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
  row->flow = st->flow;
  row->taken_us = clock_us();
  row->writer_pid = st->has_written ? st->pid : 0;
  row->nodelay = nonagle & TCP_NAGLE_OFF;
  row->corked = !!(nonagle & TCP_NAGLE_CORK);
  row->mss_bytes = tp->mss_cache;
  row->srtt_us = tp->srtt_us >> 3;
  row->congestion_window = tp->snd_cwnd;
  row->packets_out = tp->packets_out;
  row->unsent_bytes = tp->write_seq - tp->snd_nxt;
  row->retransmits = tp->total_retrans;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock* sk) {
  struct socket_state* st = bpf_sk_storage_get(&sockets, sk, 0, 0);
  struct uncork_socket_row* row;
  struct arrival arrival;
  struct tcp_sock* tp;
  __u64 now, pushed_us;

  if (!st) return 0;
  tp = cast_to(struct tcp_sock, sk);
  now = clock_us();
  pushed_us = tp->tcp_mstamp;
  st->leaving = 1;
  take_resent(st, tp);
  arrival = take_arrival(st, tp->rcv_nxt == st->rcv_nxt + 1 ? st->rcv_nxt : tp->rcv_nxt, pushed_us);  // a FIN is no data
  credit_limits(st, tp);
  take_writes(st, tp, pushed_us);
  uncork_closed(&st->flow, now);
  stream(st, tp, UNCORK_RECORD_CLOSE, now, pushed_us, tp->snd_una, 0, arrival.us, arrival.bytes);
  if (!st->flow.exchanges) return 0;  // it carried nothing
  row = bpf_ringbuf_reserve(&ended, sizeof *row, 0);
  if (!row) {
    count_up(UNCORK_COUNT_ENDED_LOST);
    return 0;
  }
  fill_row(row, sk, st);
  row->pid = st->pid;
  row->fd = -1;
  row->ended = 1;
  __builtin_memcpy(row->command, st->command, sizeof row->command);
  bpf_ringbuf_submit(row, 0);
  return 0;
}

// One pass over every descriptor of every process, all namespaces: a row for each TCP socket with a ledger, as it would stand if
// a running hold ended now. A listening socket is remembered instead.
SEC("iter/task_file")
int each_file(struct bpf_iter__task_file* ctx) {
  struct file* file = ctx->file;
  struct task_struct* task = ctx->task;
  struct uncork_socket_row* row;
  struct socket_state* st;
  struct socket* socket;
  struct sock* sk;
  __u32 zero = 0;

  if (!file || !task) return 0;
  socket = bpf_sock_from_file(file);
  if (!socket) return 0;
  sk = socket->sk;
  if (!sk || !is_tcp(sk)) return 0;
  if (sk->__sk_common.skc_state == TCP_LISTEN) {
    __u64 key = (__u64)sk->__sk_common.skc_net.net->ns.inum << 16 | sk->__sk_common.skc_num;
    __u8 yes = 1;
    bpf_map_update_elem(&listeners, &key, &yes, BPF_ANY);
    return 0;
  }
  st = bpf_sk_storage_get(&sockets, sk, 0, 0);
  if (!st || !st->flow.exchanges) return 0;
  row = bpf_map_lookup_elem(&row_scratch, &zero);
  if (!row) return 0;
  fill_row(row, sk, st);
  if (row->flow.hold != UNCORK_HOLD_NONE) {
    uncork_end_hold(&row->flow, held_left_us(st, cast_to(struct tcp_sock, sk), row->taken_us), 0);
  }
  row->pid = task->tgid;
  row->fd = ctx->fd;
  row->ended = 0;
  __builtin_memcpy(row->command, task->comm, sizeof row->command);
  bpf_seq_write(ctx->meta->seq, row, sizeof *row);
  return 0;
}
