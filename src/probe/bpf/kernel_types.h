/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The few kernel fields that the programs read. CO-RE relocates every access to the running kernel's layout (its BTF), so the
 * order and the missing neighbours do not matter; names and kinds do. No vmlinux.h: the build needs no BTF. */
#pragma once

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef signed short __s16;
typedef signed int __s32;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false = 0, true = 1 };

#define offsetof(type, member) __builtin_offsetof(type, member)

enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1 << 10 };
enum {
  BPF_MAP_TYPE_HASH = 1,
  BPF_MAP_TYPE_ARRAY = 2,
  BPF_MAP_TYPE_PERCPU_ARRAY = 6,
  BPF_MAP_TYPE_CGROUP_ARRAY = 8,
  BPF_MAP_TYPE_LRU_HASH = 9,
  BPF_MAP_TYPE_SK_STORAGE = 24,
  BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_RB_AVAIL_DATA = 0, BPF_RB_RING_SIZE = 1 };

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6

/* include/net/tcp_states.h */
enum {
  TCP_ESTABLISHED = 1,
  TCP_SYN_SENT = 2,
  TCP_SYN_RECV = 3,
  TCP_TIME_WAIT = 6,
  TCP_CLOSE = 7,
  TCP_CLOSE_WAIT = 8,
  TCP_LISTEN = 10,
  TCP_NEW_SYN_RECV = 12,
};

/* include/net/tcp.h, include/linux/tcp.h */
enum { TCP_NAGLE_OFF = 1, TCP_NAGLE_CORK = 2 };
enum { SK_PACING_NONE = 0 };
enum { SOCK_SNDBUF_LOCK = 1 };
enum { TCP_CHRONO_RWND_LIMITED = 2, TCP_CHRONO_SNDBUF_LIMITED = 3 };
enum { TCP_CA_RECOVERY = 3 };
enum { TCPHDR_FIN = 1 };

/* include/linux/net.h: bit of socket.flags */
enum { SOCK_NOSPACE = 2 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
  unsigned int inum;
};

struct net {
  struct ns_common ns;
  __u64 net_cookie;
};

typedef struct {
  struct net* net;
} possible_net_t;

struct in6_addr {
  union {
    __u8 u6_addr8[16];
    __be32 u6_addr32[4];
  } in6_u;
};

typedef struct {
  __s64 counter;
} atomic64_t;

struct sock_common {
  __be32 skc_daddr;
  __be32 skc_rcv_saddr;
  __be16 skc_dport;
  __u16 skc_num;
  unsigned short skc_family;
  volatile unsigned char skc_state;
  unsigned char skc_ipv6only : 1;
  int skc_bound_dev_if;
  possible_net_t skc_net;
  struct in6_addr skc_v6_daddr;
  struct in6_addr skc_v6_rcv_saddr;
  atomic64_t skc_cookie;
};

struct request_sock {
  struct sock_common __req_common;
  __u8 num_timeout : 7;
  __u32 timeout;
};

struct inet_request_sock {
  struct request_sock req;
  __u16 acked : 1;
};

struct socket;

typedef struct {
  int owned;
} socket_lock_t;

struct bpf_local_storage;

struct sk_buff_head {
  __u32 qlen;
};

typedef struct {
  int counter;
} atomic_t;

typedef struct {
  atomic_t refs;
} refcount_t;

typedef struct {
  __u32 val;
} kuid_t;

struct hlist_node {
  struct hlist_node** pprev;
};

struct timer_list {
  struct hlist_node entry;
  unsigned long expires;
};

struct kernfs_node {
  __u64 id;
};

struct cgroup {
  struct kernfs_node* kn;
};

struct sock_cgroup_data {
  struct cgroup* cgroup;
  __u32 classid;
};

struct sock {
  struct sock_common __sk_common;
  socket_lock_t sk_lock;
  struct socket* sk_socket;
  struct sk_buff_head sk_write_queue;
  __u16 sk_type;
  __u16 sk_protocol;
  int sk_sndbuf;
  int sk_rcvbuf;
  int sk_wmem_queued;
  int sk_forward_alloc;
  atomic_t sk_omem_alloc;
  refcount_t sk_wmem_alloc;
  atomic_t sk_drops;
  struct {
    atomic_t rmem_alloc;
    int len;
  } sk_backlog;
  __u8 sk_userlocks : 4;
  __u8 sk_shutdown;
  int sk_err;
  int sk_err_soft;
  __u32 sk_pacing_status;
  unsigned long sk_pacing_rate;
  unsigned long sk_max_pacing_rate;
  __u32 sk_ack_backlog;
  __u32 sk_max_ack_backlog;
  __u32 sk_priority;
  __u32 sk_mark;
  kuid_t sk_uid;
  struct timer_list sk_timer;
  struct sock_cgroup_data sk_cgrp_data;
  struct bpf_local_storage* sk_bpf_storage;
};

struct socket {
  unsigned long flags;
  struct sock* sk;
};

struct ipv6_pinfo {
  __u8 tclass;
};

struct inet_sock {
  struct sock sk;
  struct ipv6_pinfo* pinet6;
  unsigned long inet_flags;
  __be16 inet_sport;
  __u8 tos;
};

struct tcp_congestion_ops {
  char name[16];
};

struct tcp_ulp_ops {
  char name[16];
};

struct inet_connection_sock {
  struct inet_sock icsk_inet;
  unsigned long icsk_timeout; /* until 6.17 */
  struct timer_list icsk_retransmit_timer;
  __u32 icsk_rto;
  __u32 icsk_rto_min;
  __u32 icsk_delack_max;
  __u32 icsk_pmtu_cookie;
  const struct tcp_congestion_ops* icsk_ca_ops;
  const struct tcp_ulp_ops* icsk_ulp_ops;
  __u8 icsk_ca_state : 5;
  __u8 icsk_retransmits;
  __u8 icsk_pending;
  __u8 icsk_backoff;
  __u8 icsk_syn_retries;
  __u8 icsk_probes_out;
  struct {
    __u32 ato : 8;
    __u32 lrcvtime;
    __u16 rcv_mss;
  } icsk_ack;
  __u64 icsk_ca_priv[13];
};

struct tcp_options_received {
  __u16 tstamp_ok : 1;
  __u16 wscale_ok : 1;
  __u16 sack_ok : 3;
  __u16 snd_wscale : 4;
  __u16 rcv_wscale : 4;
};

struct minmax_sample {
  __u32 t;
  __u32 v;
};

struct minmax {
  struct minmax_sample s[3];
};

struct tcp_rack {
  __u64 mstamp;
};

struct bbr {
  __u32 min_rtt_us;
  struct minmax bw;
  __u32 lt_use_bw : 1;
  __u32 lt_bw;
  __u32 pacing_gain : 10;
  __u32 cwnd_gain : 10;
};

struct tcp_sock {
  struct inet_connection_sock inet_conn;
  __u64 tcp_mstamp;
  __u64 first_tx_mstamp;
  __u64 tcp_wstamp_ns;
  __u64 tcp_clock_cache;
  __u32 write_seq;
  __u32 snd_nxt;
  __u32 snd_una;
  __u32 snd_sml;
  __u32 snd_wnd;
  __u32 pushed_seq;
  __u32 rcv_nxt;
  __u32 mss_cache;
  __u32 snd_cwnd;
  __u32 packets_out;
  __u32 sacked_out;
  __u32 lost_out;
  __u32 retrans_out;
  __u32 srtt_us;
  __u32 rcv_tstamp;
  __u32 total_retrans;
  __u32 dsack_dups;
  __u32 chrono_start;
  __u32 chrono_stat[3];
  __u8 chrono_type : 2;
  __u8 nonagle : 4;
  struct minmax rtt_min;
  struct tcp_rack rack;
  struct tcp_options_received rx_opt;
  __u32 reordering;
  __u32 copied_seq;
  __u32 rcv_ssthresh;
  __u32 mdev_us;
  __u32 lsndtime;
  __u32 snd_ssthresh;
  __u16 advmss;
  struct {
    __u32 rtt_us;
  } rcv_rtt_est;
  struct {
    __u32 space;
  } rcvq_space;
  __u64 bytes_acked;
  __u64 bytes_received;
  __u64 bytes_sent;
  __u64 bytes_retrans;
  __u32 segs_out;
  __u32 segs_in;
  __u32 data_segs_in;
  __u32 data_segs_out;
  __u32 rate_delivered;
  __u32 rate_interval_us;
  __u8 rate_app_limited : 1;
  __u8 tcp_usec_ts : 1;
  __u8 fastopen_client_fail : 2;
  __u8 syn_data_acked : 1;
  __u8 syn_fastopen_child : 1;
  __u8 ecn_flags;
  __u8 accecn_fail_mode : 4;
  __u8 saw_accecn_opt : 2;
  __u32 delivered;
  __u32 delivered_ce;
  __u32 reord_seen;
  __u32 rcv_ooopack;
  __u32 rcv_wnd;
  __u32 plb_rehash;
  __u16 timeout_rehash;
  __u16 total_rto;
  __u16 total_rto_recoveries;
  __u32 total_rto_time;
  __u32 rto_stamp;
  __u32 received_ce;
  __u32 delivered_ecn_bytes[3];
  __u32 received_ecn_bytes[3];
};

struct tcp_skb_cb {
  __u32 seq;
  __u32 end_seq;
  __u16 tcp_flags;
  __u32 ack_seq;
};

struct sk_buff {
  char cb[48];
};

struct pid_namespace {
  struct ns_common ns;
};

struct upid {
  int nr;
  struct pid_namespace* ns;
};

struct pid {
  unsigned int level;
  struct upid numbers[];
};

struct task_struct {
  int pid;
  int tgid;
  struct task_struct* real_parent;
  struct task_struct* group_leader;
  struct pid* thread_pid;
  char comm[16];
};

struct inode {
  unsigned long i_ino;
};

struct file {
  struct inode* f_inode;
};

struct seq_file;

struct bpf_iter_meta {
  struct seq_file* seq;
  __u64 session_id;
  __u64 seq_num;
};

struct bpf_iter__task_file {
  union {
    struct bpf_iter_meta* meta;
  };
  union {
    struct task_struct* task;
  };
  __u32 fd;
  union {
    struct file* file;
  };
};

struct bpf_iter__task {
  union {
    struct bpf_iter_meta* meta;
  };
  union {
    struct task_struct* task;
  };
};

struct bpf_map;

struct bpf_iter__bpf_sk_storage_map {
  union {
    struct bpf_iter_meta* meta;
  };
  union {
    struct bpf_map* map;
  };
  union {
    struct sock* sk;
  };
  union {
    void* value;
  };
};

#pragma clang attribute pop
