/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the kernel programs hand to user space. Shared by both sides; plain fixed-size records in host byte order. */
#pragma once

#include "stall/service_sums.h"

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
  uncork_u32 pid;        /* who holds the descriptor; in a row of an ended socket, who wrote (or read) first; in the
                            reader's pid namespace, 0 if it is not in there */
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
  uncork_u32 host_pid; /* as `pid`, in the first pid namespace */
};

/* A process that works for a service. */
struct uncork_worker_key {
  uncork_u32 service; /* index of its sums */
  uncork_u32 host_pid;
};
struct uncork_worker {
  uncork_u64 connections;
  uncork_u64 lost_us;
  uncork_u32 pid; /* in the reader's pid namespace; 0: it is not in there */
  uncork_u32 unused;
};

/* A process, as a pass over all of them tells. */
struct uncork_process {
  uncork_u32 pid; /* in the reader's pid namespace; 0: it is not in there */
  uncork_u32 host_pid;
  uncork_u32 host_parent;
  uncork_u32 unused;
  char command[16];
};

/* The events that the ledger is fed (stall/event.hpp), one a record. */
enum uncork_record_kind {
  UNCORK_RECORD_OPENED, /* with the sender's state */
  UNCORK_RECORD_WROTE,
  UNCORK_RECORD_SENT,
  UNCORK_RECORD_RECEIVED,
  UNCORK_RECORD_ACKED,
  UNCORK_RECORD_READ,
  UNCORK_RECORD_RETRANSMITTED,
  UNCORK_RECORD_REPORTED,
  UNCORK_RECORD_LOOKED,  /* with the sender's state, as it was up to now */
  UNCORK_RECORD_LIMITED, /* what the chronographs counted */
  UNCORK_RECORD_FINISHED,
  UNCORK_RECORD_CLOSED
};

enum uncork_record_flags {
  UNCORK_FLAG_NODELAY = 1,
  UNCORK_FLAG_CORKED = 2,
  UNCORK_FLAG_WINDOW_LIMITED = 4,
  UNCORK_FLAG_CONGESTION_LIMITED = 8,
  UNCORK_FLAG_RECOVERING = 16,
  UNCORK_FLAG_WRITER_BLOCKED = 32,
  UNCORK_FLAG_MORE = 64,
  UNCORK_FLAG_PACED = 128,
  UNCORK_FLAG_ON_DATA = 256,    /* ACKED: on a segment with data */
  UNCORK_FLAG_FIN_ONLY = 512,   /* RETRANSMITTED: nothing but the FIN */
  UNCORK_FLAG_CONTINUED = 1024, /* WROTE: more of a write that has not returned yet */
  UNCORK_FLAG_BUFFER_FIXED = 2048
};

/* One event of one socket, as it is streamed on request. */
struct uncork_record {
  uncork_u64 cookie;
  uncork_u64 at_us;
  uncork_u32 bytes; /* REPORTED: segments */
  uncork_u32 mss_bytes;
  uncork_u32 min_rtt_us;
  uncork_u32 window_limited_us; /* LIMITED */
  uncork_u32 buffer_limited_us;
  unsigned short flags;
  uncork_u8 kind;
  uncork_u8 role;
};

enum uncork_counter {
  UNCORK_COUNT_NO_STORAGE, /* sockets or events without room for a ledger */
  UNCORK_COUNT_RING_FULL,  /* streamed records that found the ring full */
  UNCORK_COUNT_ENDED_LOST, /* ended sockets whose last ledger found the ring full, though they had lost time */
  UNCORK_COUNT_CONTENDED,  /* events that met another one of the same socket at work */
  UNCORK_COUNT_QUIET,      /* ended connections that lost nothing and were not told of; one within the machine once */
  UNCORK_COUNT_NO_WORKER,  /* connections whose process found no room in the list of workers */
  UNCORK_COUNTERS
};
