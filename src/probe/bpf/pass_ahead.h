/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Beside many sockets a pass costs what memory costs: a socket's fields lie in 25 cache lines, its ledger in 5 more, and what the
 * ledger has of stalls in 4, its file and what leads to both in 5, none of them in a cache, and most are found by way of another.
 * So while one descriptor has its turn, what the next ones will need is read: of the farthest its file, of nearer ones the socket
 * behind the file, its first lines, the others with the head of its storage, of the next one its ledger, and of this one what the
 * ledger has of stalls, if any. Not the line of the retransmission timer, which matters only while that runs.
 *
 * The processor reads ahead of what it waits for no farther than some 250 instructions, and each read of memory that may not be
 * there is eight of them. So two lines that follow each other are read at once, by a number that begins in the one and ends in
 * the other, and addresses are kept from turn to turn. What was measured stands in docs/measurements.md.
 *
 * These are hints: what is read serves to find the next address and for nothing else. The program runs under the RCU read lock,
 * in which files, sockets and their inodes mostly stay what they are; should an address be stale all the same, the kernel gives 0
 * for memory that is not there. Only what lies behind a socket's file is followed. Which fields share a line is Linux 6.18's;
 * where it is not so, a line is read twice or not at all. */
#pragma once

#include "probe/bpf/ledger_state.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct hlist_head {
  struct hlist_node* first;
};
struct fdtable {
  unsigned int max_fds;
  struct file** fd;
};
struct files_struct {
  struct fdtable* fdt;
};
struct task_struct___ahead {
  struct files_struct* files;
};
typedef struct {
  struct {
    __s64 counter;
  } refcnt;
} file_ref_t;
struct file___ahead {
  const void* f_op;
  void* private_data;
  struct inode* f_inode;
  file_ref_t f_ref; /* Linux 6.13 */
};
struct bpf_local_storage {
  struct hlist_head list;
};
struct bpf_local_storage_data {
  char data[0];
};
struct bpf_local_storage_elem {
  struct hlist_node snode;
  struct bpf_local_storage_data sdata;
};
struct sock_common___cookie {
  struct {
    __s64 counter;
  } skc_cookie;
};
struct sock___ino {
  unsigned long sk_ino; /* Linux 6.17 */
};
#pragma clang attribute pop

/* The sockets behind the next descriptors, by the low bits of the descriptor: addresses of a struct socket, a turn later of its
 * struct sock. Two passes at once of one program would mix them up, and lose nothing but time. */
enum { AHEAD = 8 };
static __u64 ahead[AHEAD];
static __u64 ledgers_ahead[AHEAD]; /* elements of storage */

#define TOUCH(field) ((void)*(const volatile typeof(field)*)&(field))

static __always_inline void* pointer_at(__u64 address) { return cast_to(struct hlist_head, (void*)address)->first; }
static __always_inline void touch(__u64 address) { TOUCH(cast_to(struct hlist_head, (void*)address)->first); }

/* By way of some field of one byte: no arithmetic is allowed on what is read as an address. */
static __always_inline __u8 byte_at(__u64 address) {
  address -= bpf_core_field_offset(((struct sock_common*)0)->skc_state);
  return cast_to(struct sock_common, (void*)address)->skc_state;
}

/* The line at which `offset` is, of what begins with a line, and the one after it. */
static __always_inline void touch_two(__u64 object, __u64 offset) { touch(object + (offset & ~63ull) + 60); }
#define TOUCH_TWO(object, type, field) touch_two(object, bpf_core_field_offset(((type*)0)->field))
#define TOUCH_ONE(object, type, field) touch((object) + bpf_core_field_offset(((type*)0)->field))

static __always_inline __u64 file_at(const struct fdtable* fdt, __u32 fd) {
  if (fd >= fdt->max_fds) return 0;
  return (__u64)pointer_at((__u64)fdt->fd + sizeof(void*) * fd);
}

static __always_inline bool has_inode_number(void) { return bpf_core_field_exists(((struct sock___ino*)0)->sk_ino); }

static __always_inline void touch_file(const struct fdtable* fdt, __u32 fd) {
  struct file___ahead* file = (struct file___ahead*)cast_to(struct file, (void*)file_at(fdt, fd));

  TOUCH(file->f_op);
  if (bpf_core_field_exists(file->f_ref)) TOUCH(file->f_ref.refcnt.counter);
}

static __always_inline void find_socket(const struct fdtable* fdt, __u32 fd, const void* operations) {
  struct file___ahead* file = (struct file___ahead*)cast_to(struct file, (void*)file_at(fdt, fd));
  struct socket* socket;

  ahead[fd % AHEAD] = 0;
  if (file->f_op != operations) return;
  socket = cast_to(struct socket, file->private_data);
  ahead[fd % AHEAD] = (__u64)file->private_data;
  TOUCH(socket->sk);
  if (!has_inode_number()) TOUCH(file->f_inode->i_ino);
}

/* With what says whether it is one of TCP, and where its storage is. */
static __always_inline void find_sock(__u32 fd) {
  __u64 socket = ahead[fd % AHEAD];
  __u64 sk;

  if (!socket) return;
  sk = (__u64)cast_to(struct socket, (void*)socket)->sk;
  ahead[fd % AHEAD] = sk;
  if (!sk) return;
  TOUCH(cast_to(struct sock, (void*)sk)->sk_protocol);
  TOUCH_TWO(sk, struct sock, sk_bpf_storage);
}

static __always_inline void touch_sock(__u32 fd, bool with_ledger) {
  __u64 at = ahead[fd % AHEAD];
  struct sock* sk = cast_to(struct sock, (void*)at);

  if (!at) return;
  if (!is_tcp(sk)) {
    ahead[fd % AHEAD] = 0;
    return;
  }
  TOUCH_ONE(at, struct sock, __sk_common.skc_daddr);
  TOUCH_TWO(at, struct sock, sk_drops);
  TOUCH_ONE(at, struct sock, sk_omem_alloc);
  TOUCH_TWO(at, struct sock, sk_pacing_rate);
  TOUCH_TWO(at, struct sock, sk_ack_backlog);
  TOUCH_TWO(at, struct tcp_sock, inet_conn.icsk_rto);
  TOUCH_TWO(at, struct tcp_sock, rcv_ssthresh);
  TOUCH_TWO(at, struct tcp_sock, rtt_min);
  TOUCH_TWO(at, struct tcp_sock, ecn_flags);
  TOUCH_TWO(at, struct tcp_sock, bytes_received);
  TOUCH_TWO(at, struct tcp_sock, dsack_dups);
  TOUCH_TWO(at, struct tcp_sock, bytes_retrans);
  if (with_ledger && sk->sk_bpf_storage) TOUCH_ONE((__u64)sk->sk_bpf_storage, struct bpf_local_storage, list);
}

/* An element begins with a line, and its data (after 8 bytes) with the next. */
#define LINE_OF_LEDGER(element, field) \
  ((element) + ((72 + offsetof(struct socket_state, flow) + offsetof(struct uncork_flow, field)) & ~63ull))

/* Most sockets have one storage, ours, which then is the first of the list. */
static __always_inline void find_ledger(__u32 fd) {
  __u64 at = ahead[fd % AHEAD];
  __u64 storage, first;

  ledgers_ahead[fd % AHEAD] = 0;
  if (!at) return;
  storage = (__u64)cast_to(struct sock, (void*)at)->sk_bpf_storage;
  if (!storage) return;
  first = (__u64)cast_to(struct bpf_local_storage, (void*)storage)->list.first;
  if (!first) return;
  first -= bpf_core_field_offset(((struct bpf_local_storage_elem*)0)->snode);
  ledgers_ahead[fd % AHEAD] = first;
  touch(LINE_OF_LEDGER(first, charged_until_us) - 4);
  touch(LINE_OF_LEDGER(first, wrote_bytes));
  touch(LINE_OF_LEDGER(first, exchange_log2[0]) + 60);
}

/* Most sockets have none. */
static __always_inline void touch_stalls(__u32 fd) {
  __u64 first = ledgers_ahead[fd % AHEAD];
  __u8 flags;

  if (!first) return;
  flags = byte_at(first + 72 + offsetof(struct socket_state, flow) + offsetof(struct uncork_flow, late_cause));
  if (!(flags & UNCORK_STALLED)) return;
  touch(LINE_OF_LEDGER(first, budget_us[UNCORK_SEND_BUFFER]));
  touch(LINE_OF_LEDGER(first, holds) + 60);
  touch(LINE_OF_LEDGER(first, late[UNCORK_SEND_BUFFER]));
}

/* The distances are those that cost least; with greater ones the pass is slower again. */
static __always_inline void look_ahead(struct task_struct* task, struct file* file, __u32 fd, bool with_ledger) {
  const struct files_struct* files = ((struct task_struct___ahead*)task)->files;
  const void* operations = ((struct file___ahead*)file)->f_op;
  const struct fdtable* fdt;

  if (with_ledger) {
    touch_stalls(fd);
    find_ledger(fd + 1);
  }
  touch_sock(fd + 2, with_ledger);
  find_sock(fd + 3);
  if (!files) return;
  fdt = files->fdt;
  find_socket(fdt, fd + 4, operations);
  touch_file(fdt, fd + 6);
}
