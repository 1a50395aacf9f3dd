/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* How sockets end, as the kernel programs tell it: one record an event. Shared by both sides. */
#pragma once

#include "probe/bpf/socket_facts.h"

enum uncork_ending_kind {
  UNCORK_ENDING_RESET_SENT, /* reset_reason: the kernel's enum sk_rst_reason */
  UNCORK_ENDING_RESET_RECEIVED,
  UNCORK_ENDING_CLOSED,          /* the state became CLOSE; a struct uncork_ending_with_facts */
  UNCORK_ENDING_REQUEST_RETRIED, /* a listener's SYN-ACK was sent again; a struct uncork_retried_request */
  UNCORK_ENDING_REQUEST_MADE     /* that request became a connection after all */
};

struct uncork_ending {
  uncork_u64 cookie;
  uncork_u64 at_ns; /* CLOCK_MONOTONIC */
  uncork_u32 kind;
  uncork_u32 reset_reason;
  int error;             /* CLOSED: sk_err, an errno */
  uncork_u32 attempt_ms; /* CLOSED while connecting: for how long it had tried */
  uncork_u8 old_state;   /* CLOSED: before */
  uncork_u8 unused[7];
};

struct uncork_ending_with_facts {
  struct uncork_ending ending;
  struct uncork_socket_facts facts;
};

struct uncork_retried_request {
  struct uncork_ending ending;
  uncork_u8 local[16]; /* IPv4 in the first four bytes */
  uncork_u8 remote[16];
  unsigned short local_port;
  unsigned short remote_port;
  uncork_u64 netns_cookie; /* 0: this kernel has none */
  uncork_u32 netns;        /* inode */
  uncork_u32 wait_jiffies; /* at most: then it is sent again, or the request is dropped */
  uncork_u8 family;
  uncork_u8 retries; /* SYN-ACKs sent again, this one too */
  uncork_u8 acked;   /* its peer has answered, and found the listener's queue full */
  uncork_u8 unused;
};
