/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What one pass over all descriptors says of each TCP socket, as it stands in the kernel: jiffies, segments, sequence numbers.
 * Shared by both sides; host byte order but for the addresses. User space makes a row of it.
 *
 * The pass writes each socket into the next of a ring of places that both sides see, and gives out a note of 8 bytes for it. Who
 * reads no more notes at a time than there are places finds each socket as it was written. Were the sockets themselves given
 * out, the kernel would copy each twice (to the iterator's buffer, and from there), and write the one that meets a full buffer
 * twice. */
#pragma once

#include "stall/hold_rule.h"

enum uncork_facts_present {
  UNCORK_HAS_CGROUP = 1,
  UNCORK_HAS_INET_FLAGS = 2,
  UNCORK_HAS_NETNS_COOKIE = 4,
  UNCORK_HAS_BBR = 8,
  UNCORK_HAS_ULP = 16,
  UNCORK_HAS_LEDGER = 32, /* a struct uncork_ledger_facts follows */
  UNCORK_HAS_ACCECN = 64,
  UNCORK_HAS_STALLS = 128 /* in the ledger what is said of stalls; else all of that is 0 */
};

struct uncork_socket_facts {
  uncork_u64 cookie;       /* SO_COOKIE */
  uncork_u64 netns_cookie; /* SO_NETNS_COOKIE */
  uncork_u64 cgroup_id;
  uncork_u64 inode;
  uncork_u32 present; /* uncork_facts_present */
  uncork_u32 pid;
  int fd;
  uncork_u32 netns; /* inode */
  char command[16]; /* of the process, not of one of its threads */

  uncork_u8 local[16]; /* IPv4 in the first four bytes */
  uncork_u8 remote[16];
  unsigned short local_port;
  unsigned short remote_port;
  uncork_u8 family;
  uncork_u8 state;
  uncork_u8 shutdown;
  uncork_u8 v6only;
  uncork_u32 interface;
  uncork_u32 uid;
  uncork_u32 mark;
  uncork_u32 class_id;
  uncork_u32 priority;
  uncork_u32 inet_flags;

  uncork_u32 rmem_alloc;
  uncork_u32 rcvbuf;
  uncork_u32 wmem_alloc;
  uncork_u32 sndbuf;
  uncork_u32 forward_alloc;
  uncork_u32 wmem_queued;
  uncork_u32 omem_alloc;
  uncork_u32 backlog;
  uncork_u32 drops;
  uncork_u32 ack_backlog; /* LISTEN: connections that wait for accept(), and how many may */
  uncork_u32 max_ack_backlog;
  uncork_u32 jiffies; /* now; the times below compare with it */

  uncork_u64 pacing_rate;
  uncork_u64 max_pacing_rate;

  /* From here on not of a listening socket, where all is 0. */
  uncork_u64 timer_jiffies; /* when what `pending` says, or the keepalive timer, runs off */
  uncork_u64 bytes_acked;
  uncork_u64 bytes_received;
  uncork_u64 bytes_sent;
  uncork_u64 bytes_retrans;
  char congestion[16];
  char ulp[16];

  uncork_u8 pending; /* icsk_pending */
  uncork_u8 keepalive;
  uncork_u8 ca_state;
  uncork_u8 retransmits;
  uncork_u8 probes;
  uncork_u8 backoff;
  uncork_u8 options; /* TCPI_OPT_* */
  uncork_u8 snd_wscale;
  uncork_u8 rcv_wscale;
  uncork_u8 app_limited;
  uncork_u8 fastopen_client_fail;
  uncork_u8 nodelay;
  uncork_u8 corked;
  uncork_u8 tos;
  uncork_u8 tclass;
  uncork_u8 chrono_type;
  uncork_u8 accecn_fail_mode;
  uncork_u8 accecn_opt_seen;
  unsigned short rcv_mss;
  unsigned short advmss;
  unsigned short total_rto;
  unsigned short total_rto_recoveries;
  unsigned short timeout_rehash;
  unsigned short unused;

  uncork_u32 rto; /* this, ato, delack_max, rto_min: jiffies */
  uncork_u32 ato;
  uncork_u32 delack_max;
  uncork_u32 rto_min;
  uncork_u32 mss;
  uncork_u32 packets_out;
  uncork_u32 sacked_out;
  uncork_u32 lost_out;
  uncork_u32 retrans_out;
  uncork_u32 sent_jiffies; /* last data sent, last data received, last ACK received */
  uncork_u32 received_jiffies;
  uncork_u32 acked_jiffies;
  uncork_u32 pmtu;
  uncork_u32 rcv_ssthresh;
  uncork_u32 srtt_us8; /* eightfold, fourfold, eightfold */
  uncork_u32 mdev_us4;
  uncork_u32 rcv_rtt_us8;
  uncork_u32 snd_ssthresh;
  uncork_u32 snd_cwnd;
  uncork_u32 reordering;
  uncork_u32 rcv_space;
  uncork_u32 total_retrans;
  uncork_u32 segs_out;
  uncork_u32 segs_in;
  uncork_u32 min_rtt_us;
  uncork_u32 data_segs_in;
  uncork_u32 data_segs_out;
  uncork_u32 write_seq;
  uncork_u32 snd_nxt;
  uncork_u32 snd_una;
  uncork_u32 rcv_nxt;
  uncork_u32 copied_seq;
  uncork_u32 rate_delivered;
  uncork_u32 rate_interval_us;
  uncork_u32 chrono_start;
  uncork_u32 chrono_jiffies[3]; /* busy, limited by the peer's window, limited by the send buffer */
  uncork_u32 delivered;
  uncork_u32 delivered_ce;
  uncork_u32 dsack_dups;
  uncork_u32 reord_seen;
  uncork_u32 rcv_ooopack;
  uncork_u32 snd_wnd;
  uncork_u32 rcv_wnd;
  uncork_u32 plb_rehash;
  uncork_u32 total_rto_time_ms;
  uncork_u32 rto_stamp_ms; /* CLOCK_MONOTONIC; 0: none runs */
  uncork_u32 received_ce;
  uncork_u32 delivered_ecn_bytes[3]; /* ECT(1), ECT(0), CE */
  uncork_u32 received_ecn_bytes[3];

  uncork_u32 bbr_bw_lo;
  uncork_u32 bbr_bw_hi;
  uncork_u32 bbr_min_rtt_us;
  uncork_u32 bbr_pacing_gain;
  uncork_u32 bbr_cwnd_gain;
};

/* The witness's ledger of the socket, as it would stand if what is under way ended now. */
struct uncork_ledger_facts {
  uncork_u64 wrote_bytes;
  uncork_u32 writes;
  uncork_u32 exchanges;
  uncork_u32 exchange_log2[32];

  /* Of stalls: */
  uncork_u64 lost_us[8]; /* by stall, in the order of hold_rule.h */
  uncork_u64 late_us[8];
  uncork_u32 holds;
  uncork_u32 late_writes;
  uncork_u32 late_worst_us;
  uncork_u32 unused;
};

enum { UNCORK_PASS_PLACES = 64 }; /* 80 KB, which stay in a processor's second cache; a power of two */

struct uncork_pass_place {
  struct uncork_socket_facts facts;
  struct uncork_ledger_facts ledger;
};

struct uncork_pass_note {
  uncork_u64 place;
};
