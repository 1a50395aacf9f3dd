/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the kernel programs hand to user space. Shared by both sides; plain fixed-size records in host byte order. */
#pragma once

#include "stall/flow_ledger.h"

/* One end of a connection. Addresses in network order, IPv4 in the first four bytes; ports in host order. */
struct uncork_socket_name {
  uncork_u64 cookie; /* SO_COOKIE: unique while the machine is up */
  uncork_u32 netns;  /* inode of the network namespace */
  uncork_u8 family;  /* AF_INET or AF_INET6 */
  uncork_u8 state;   /* include/net/tcp_states.h */
  uncork_u8 unused[2];
  uncork_u8 local[16];
  uncork_u8 remote[16];
  unsigned short local_port;
  unsigned short remote_port;
  uncork_u32 unused2;
};

/* A socket's whole ledger: one per descriptor in a pass of the iterator, one when a socket ends. */
struct uncork_socket_row {
  struct uncork_socket_name name;
  struct uncork_flow flow;
  uncork_u64 taken_us;
  uncork_u32 pid;        /* who holds the descriptor; in a row of an ended socket, who wrote (or read) first */
  uncork_u32 writer_pid; /* who wrote first, 0 if nobody has */
  int fd;                /* -1 in a row of an ended socket */
  char command[16];
  uncork_u8 nodelay;
  uncork_u8 corked;
  uncork_u8 ended;
  uncork_u8 unused;
  uncork_u32 mss_bytes;
  uncork_u32 srtt_us;
  uncork_u32 congestion_window;
  uncork_u32 packets_out;
  uncork_u32 unsent_bytes;
  uncork_u32 retransmits;
  uncork_u32 unused2;
};

enum uncork_record_kind {
  UNCORK_RECORD_OPEN,
  UNCORK_RECORD_SEND,
  UNCORK_RECORD_SEGMENT,
  UNCORK_RECORD_READ, /* the application has read; now_us 0: in the clock tick of the arrival */
  UNCORK_RECORD_RETRANSMIT,
  UNCORK_RECORD_CLOSE
};

enum uncork_record_flags {
  UNCORK_FLAG_NODELAY = 1,
  UNCORK_FLAG_CORKED = 2,
  UNCORK_FLAG_WINDOW_LIMITED = 4,
  UNCORK_FLAG_CONGESTION_LIMITED = 8,
  UNCORK_FLAG_RECOVERING = 16,
  UNCORK_FLAG_WRITER_BLOCKED = 32
};

/* One kernel event of one socket, as it is streamed on request: what the sender looked like when it happened. */
struct uncork_record {
  uncork_u64 cookie;
  uncork_u64 now_us;      /* the event; 0 if it needed no clock */
  uncork_u64 transmit_us; /* last transmission or reception before it (tcp_sock.tcp_mstamp) */
  uncork_u64 arrived_us;  /* when data arrived that this event is the first to tell of; 0: none */
  uncork_u32 write_seq;
  uncork_u32 snd_nxt;
  uncork_u32 ack_seq;    /* SEGMENT: of the arriving segment; else snd_una */
  uncork_u32 data_bytes; /* SEGMENT: new payload; SEND: the call's result */
  uncork_u32 arrived_bytes;
  uncork_u32 mss_bytes;
  uncork_u32 min_rtt_us;
  uncork_u32 window_limited_us; /* since the record before, from the kernel's chronographs */
  uncork_u32 buffer_limited_us;
  uncork_u8 kind;
  uncork_u8 flags;
  uncork_u8 role;
  uncork_u8 unused;
};

enum uncork_counter {
  UNCORK_COUNT_NO_STORAGE, /* sockets or events without room for a ledger */
  UNCORK_COUNT_RING_FULL,  /* streamed records that found the ring full */
  UNCORK_COUNT_ENDED_LOST, /* ended sockets whose last ledger found the ring full */
  UNCORK_COUNT_CONTENDED,  /* events that met another one of the same socket at work */
  UNCORK_COUNTERS
};
