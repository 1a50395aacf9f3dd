/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What a socket shows of itself, as inet_diag and tcp_get_info() read it (Linux 6.18 net/ipv4/inet_diag.c, tcp.c), but without
 * the socket's lock: two fields of one row may be of two moments. Fields that a kernel has not are 0 here; how long its tcp_info
 * is tells user space which those are. */
#pragma once

#include "probe/bpf/ledger_state.h"
#include "probe/bpf/socket_facts.h"

#define SINCE(object, field, otherwise) (bpf_core_field_exists(object->field) ? object->field : (otherwise))
#define BIT_SINCE(object, field) (bpf_core_field_exists(object->field) ? BPF_CORE_READ_BITFIELD(object, field) : 0)

/* include/net/tcp.h TCP_ECN_*, include/uapi/linux/tcp.h TCPI_OPT_* */
enum { ECN_RFC3168 = 1, ECN_SEEN = 8, ECN_ACCECN = 16 };
enum {
  OPT_TIMESTAMPS = 1,
  OPT_SACK = 2,
  OPT_WSCALE = 4,
  OPT_ECN = 8,
  OPT_ECN_SEEN = 16,
  OPT_SYN_DATA = 32,
  OPT_USEC_TS = 64,
  OPT_TFO_CHILD = 128
};

/* A name of 16 bytes in two reads. */
static __always_inline void copy_name(char* to, const char* from) {
  ((__u64*)to)[0] = ((const __u64*)from)[0];
  ((__u64*)to)[1] = ((const __u64*)from)[1];
}

static __always_inline void fill_addresses(struct uncork_socket_facts* f, const struct sock* sk) {
  const struct sock_common* common = &sk->__sk_common;
  __u32* local = (__u32*)f->local;
  __u32* remote = (__u32*)f->remote;

  f->family = common->skc_family;
  f->local_port = common->skc_num;
  f->remote_port = __builtin_bswap16(common->skc_dport);
  if (f->family == AF_INET6) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      local[i] = common->skc_v6_rcv_saddr.in6_u.u6_addr32[i];
      remote[i] = common->skc_v6_daddr.in6_u.u6_addr32[i];
    }
  } else {
    local[0] = common->skc_rcv_saddr;
    remote[0] = common->skc_daddr;
    local[1] = local[2] = local[3] = remote[1] = remote[2] = remote[3] = 0;
  }
}

static __always_inline void fill_memory(struct uncork_socket_facts* f, const struct sock* sk) {
  f->rmem_alloc = sk->sk_backlog.rmem_alloc.counter;
  f->rcvbuf = sk->sk_rcvbuf;
  f->wmem_alloc = sk->sk_wmem_alloc.refs.counter - 1;  // sk_wmem_alloc_get()
  f->sndbuf = sk->sk_sndbuf;
  f->forward_alloc = sk->sk_forward_alloc;
  f->wmem_queued = sk->sk_wmem_queued;
  f->omem_alloc = sk->sk_omem_alloc.counter;
  f->backlog = sk->sk_backlog.len;
  f->drops = sk->sk_drops.counter;
}

static __always_inline void fill_socket(struct uncork_socket_facts* f, struct sock* sk) {
  const struct sock_common* common = &sk->__sk_common;
  const struct net* net = common->skc_net.net;

  f->present = 0;
  f->netns = net->ns.inum;
  f->netns_cookie = 0;
  if (bpf_core_field_exists(net->net_cookie)) {
    f->netns_cookie = net->net_cookie;
    f->present |= UNCORK_HAS_NETNS_COOKIE;
  }
  fill_addresses(f, sk);
  f->v6only = BPF_CORE_READ_BITFIELD(common, skc_ipv6only);
  f->interface = common->skc_bound_dev_if;
  f->shutdown = BIT_SINCE(sk, sk_shutdown);
  f->uid = sk->sk_uid.val;
  f->mark = sk->sk_mark;
  f->priority = sk->sk_priority;
  f->class_id = 0;
  f->cgroup_id = 0;
  if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup)) {
    const struct cgroup* cgroup = sk->sk_cgrp_data.cgroup;
    if (bpf_core_field_exists(sk->sk_cgrp_data.classid)) f->class_id = sk->sk_cgrp_data.classid;
    if (cgroup) {
      f->cgroup_id = cgroup->kn->id;
      f->present |= UNCORK_HAS_CGROUP;
    }
  }
  f->pacing_rate = sk->sk_pacing_rate;
  f->max_pacing_rate = sk->sk_max_pacing_rate;
  f->ack_backlog = sk->sk_ack_backlog;
  f->max_ack_backlog = sk->sk_max_ack_backlog;
  f->jiffies = bpf_jiffies64();
  fill_memory(f, sk);
}

static __always_inline void fill_inet(struct uncork_socket_facts* f, struct inet_sock* inet) {
  f->tos = inet->tos;
  f->tclass = 0;
  f->inet_flags = 0;
  if (bpf_core_field_exists(inet->inet_flags)) {
    f->inet_flags = inet->inet_flags;
    f->present |= UNCORK_HAS_INET_FLAGS;
  }
  if (f->family == AF_INET6 && inet->pinet6) f->tclass = inet->pinet6->tclass;
}

/* inet_sk_diag_fill(): which timer runs, and until when. */
static __always_inline void fill_timer(struct uncork_socket_facts* f, struct inet_connection_sock* icsk) {
  struct sock* sk = &icsk->icsk_inet.sk;

  f->pending = icsk->icsk_pending;
  f->keepalive = sk->sk_timer.entry.pprev != 0;
  if (!f->pending)
    f->timer_jiffies = sk->sk_timer.expires;
  else if (bpf_core_field_exists(icsk->icsk_timeout))
    f->timer_jiffies = icsk->icsk_timeout;
  else
    f->timer_jiffies = icsk->icsk_retransmit_timer.expires;
}

static __always_inline void fill_connection(struct uncork_socket_facts* f, struct inet_connection_sock* icsk) {
  const struct tcp_congestion_ops* congestion = icsk->icsk_ca_ops;
  const struct tcp_ulp_ops* ulp = icsk->icsk_ulp_ops;

  fill_timer(f, icsk);
  f->ca_state = BPF_CORE_READ_BITFIELD(icsk, icsk_ca_state);
  f->retransmits = icsk->icsk_retransmits;
  f->probes = icsk->icsk_probes_out;
  f->backoff = icsk->icsk_backoff;
  f->rto = icsk->icsk_rto;
  f->ato = BPF_CORE_READ_BITFIELD(icsk, icsk_ack.ato);
  f->delack_max = SINCE(icsk, icsk_delack_max, ~0u);
  f->rto_min = SINCE(icsk, icsk_rto_min, ~0u);
  f->rcv_mss = icsk->icsk_ack.rcv_mss;
  f->received_jiffies = icsk->icsk_ack.lrcvtime;
  f->pmtu = icsk->icsk_pmtu_cookie;
  if (congestion)
    copy_name(f->congestion, congestion->name);
  else
    f->congestion[0] = 0;
  if (ulp) {
    copy_name(f->ulp, ulp->name);
    f->present |= UNCORK_HAS_ULP;
  }
}

/* tcp_options and what was negotiated. */
static __always_inline void fill_options(struct uncork_socket_facts* f, struct tcp_sock* tp) {
  struct tcp_options_received* rx = &tp->rx_opt;
  __u8 nonagle = BPF_CORE_READ_BITFIELD(tp, nonagle);
  __u8 ecn = tp->ecn_flags;
  __u8 options = 0;

  f->snd_wscale = f->rcv_wscale = 0;
  if (BPF_CORE_READ_BITFIELD(rx, tstamp_ok)) options |= OPT_TIMESTAMPS;
  if (BPF_CORE_READ_BITFIELD(rx, sack_ok)) options |= OPT_SACK;
  if (BPF_CORE_READ_BITFIELD(rx, wscale_ok)) {
    options |= OPT_WSCALE;
    f->snd_wscale = BPF_CORE_READ_BITFIELD(rx, snd_wscale);
    f->rcv_wscale = BPF_CORE_READ_BITFIELD(rx, rcv_wscale);
  }
  if (ecn & (ECN_RFC3168 | (bpf_core_field_exists(tp->received_ce) ? ECN_ACCECN : 0))) options |= OPT_ECN;
  if (ecn & ECN_SEEN) options |= OPT_ECN_SEEN;
  if (BIT_SINCE(tp, syn_data_acked)) options |= OPT_SYN_DATA;
  if (BIT_SINCE(tp, tcp_usec_ts)) options |= OPT_USEC_TS;
  if (BIT_SINCE(tp, syn_fastopen_child)) options |= OPT_TFO_CHILD;
  f->options = options;
  f->nodelay = nonagle & TCP_NAGLE_OFF;
  f->corked = !!(nonagle & TCP_NAGLE_CORK);
  f->app_limited = BIT_SINCE(tp, rate_app_limited);
  f->fastopen_client_fail = BIT_SINCE(tp, fastopen_client_fail);
}

static __always_inline void fill_tcp(struct uncork_socket_facts* f, struct tcp_sock* tp) {
  f->rcv_ssthresh = tp->rcv_ssthresh;
  f->snd_wnd = tp->snd_wnd;
  f->mss = tp->mss_cache;
  f->lost_out = tp->lost_out;
  f->sacked_out = tp->sacked_out;
  f->copied_seq = tp->copied_seq;
  f->retrans_out = tp->retrans_out;
  f->advmss = tp->advmss;
  f->snd_ssthresh = tp->snd_ssthresh;
  f->min_rtt_us = tp->rtt_min.s[0].v;
  f->segs_out = tp->segs_out;
  f->data_segs_out = tp->data_segs_out;
  f->bytes_sent = tp->bytes_sent;
  f->chrono_type = BPF_CORE_READ_BITFIELD(tp, chrono_type);
  f->chrono_start = tp->chrono_start;
  f->chrono_jiffies[0] = tp->chrono_stat[0];
  f->chrono_jiffies[1] = tp->chrono_stat[1];
  f->chrono_jiffies[2] = tp->chrono_stat[2];
  f->write_seq = tp->write_seq;
  f->sent_jiffies = tp->lsndtime;
  f->mdev_us4 = tp->mdev_us;
  f->rcv_nxt = tp->rcv_nxt;
  f->snd_nxt = tp->snd_nxt;
  f->snd_una = tp->snd_una;
  f->srtt_us8 = tp->srtt_us;
  f->packets_out = tp->packets_out;
  f->delivered = tp->delivered;
  f->delivered_ce = tp->delivered_ce;
  f->rcv_wnd = tp->rcv_wnd;
  f->acked_jiffies = tp->rcv_tstamp;
  f->bytes_received = tp->bytes_received;
  f->segs_in = tp->segs_in;
  f->data_segs_in = tp->data_segs_in;
  f->rate_delivered = tp->rate_delivered;
  f->rate_interval_us = tp->rate_interval_us;
  f->bytes_acked = tp->bytes_acked;
  f->rcv_rtt_us8 = tp->rcv_rtt_est.rtt_us;
  f->rcv_space = tp->rcvq_space.space;
  f->dsack_dups = tp->dsack_dups;
  f->bytes_retrans = tp->bytes_retrans;
  f->total_retrans = tp->total_retrans;
}

/* What came after Linux 4.19. */
static __always_inline void fill_later(struct uncork_socket_facts* f, struct tcp_sock* tp) {
  f->reord_seen = tp->reord_seen;
  f->rcv_ooopack = SINCE(tp, rcv_ooopack, 0);
  f->plb_rehash = SINCE(tp, plb_rehash, 0);
  f->timeout_rehash = SINCE(tp, timeout_rehash, 0);
  f->total_rto = SINCE(tp, total_rto, 0);
  f->total_rto_recoveries = SINCE(tp, total_rto_recoveries, 0);
  f->total_rto_time_ms = SINCE(tp, total_rto_time, 0);
  f->rto_stamp_ms = SINCE(tp, rto_stamp, 0);
  f->received_ce = SINCE(tp, received_ce, 0);
  if (bpf_core_field_exists(tp->saw_accecn_opt)) f->present |= UNCORK_HAS_ACCECN;
  f->accecn_fail_mode = BIT_SINCE(tp, accecn_fail_mode);
  f->accecn_opt_seen = BIT_SINCE(tp, saw_accecn_opt);
#pragma unroll
  for (int i = 0; i < 3; i++) {
    f->delivered_ecn_bytes[i] = bpf_core_field_exists(tp->delivered_ecn_bytes) ? tp->delivered_ecn_bytes[i] : 0;
    f->received_ecn_bytes[i] = bpf_core_field_exists(tp->received_ecn_bytes) ? tp->received_ecn_bytes[i] : 0;
  }
}

/* bbr_get_info(): a kernel that has bbr as a module has its type in that module's BTF only, and so no row. */
static __always_inline void fill_bbr(struct uncork_socket_facts* f, struct tcp_sock* tp) {
  const __u32 name = 'b' | 'b' << 8 | 'r' << 16;
  struct bbr* bbr;
  __u64 bandwidth;

  if (!bpf_core_type_exists(struct bbr) || *(__u32*)f->congestion != name) return;
  bbr = cast_to(struct bbr, &tp->inet_conn.icsk_ca_priv);
  bandwidth = BPF_CORE_READ_BITFIELD(bbr, lt_use_bw) ? bbr->lt_bw : bbr->bw.s[0].v;
  bandwidth = bandwidth * f->mss * 1000000 >> 24;
  f->bbr_bw_lo = bandwidth;
  f->bbr_bw_hi = bandwidth >> 32;
  f->bbr_min_rtt_us = bbr->min_rtt_us;
  f->bbr_pacing_gain = BPF_CORE_READ_BITFIELD(bbr, pacing_gain);
  f->bbr_cwnd_gain = BPF_CORE_READ_BITFIELD(bbr, cwnd_gain);
  f->present |= UNCORK_HAS_BBR;
}
