// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// TCP_NODELAY on every connection of a cgroup from the moment it is established, and kept there; and acknowledgements that wait
// less.
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include "cure/bpf/cured_group.h"

#define SOL_TCP 6
#define TCP_NODELAY 1
#define PAGE_BYTES 4096

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 delack_max_us = 0;  // 0: as the kernel has it

__u64 counters[UNCORK_CURED_COUNTERS];

static __always_inline void count_up(enum uncork_cured_counter counter) { __sync_fetch_and_add(&counters[counter], 1); }

SEC("sockops")
int on_connection(struct bpf_sock_ops* ops) {
  int on = 1, longest = delack_max_us;

  // Only in these two: in the callbacks of header options the kernel forbids TCP_NODELAY, which would send at once.
  if (ops->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) return 1;
  count_up(bpf_setsockopt(ops, SOL_TCP, TCP_NODELAY, &on, sizeof on) ? UNCORK_CURED_REFUSED : UNCORK_CURED_CONNECTIONS);
  if (longest && bpf_setsockopt(ops, SOL_TCP, TCP_BPF_DELACK_MAX, &longest, sizeof longest)) count_up(UNCORK_CURED_SLOW_ACKS);
  return 1;
}

// The program may turn the option off: then nothing is done, and it is told that it was.
SEC("cgroup/setsockopt")
int on_option(struct bpf_sockopt* option) {
  __u8* value = option->optval;

  if (option->level == SOL_TCP && option->optname == TCP_NODELAY && option->optlen >= (int)sizeof(int)) {
    if ((void*)(value + sizeof(int)) <= option->optval_end && !(value[0] | value[1] | value[2] | value[3])) {
      count_up(UNCORK_CURED_KEPT);
      option->optlen = -1;  // the kernel leaves it at that
    }
    return 1;
  }
  if (option->optlen > PAGE_BYTES) option->optlen = 0;  // more than a program is shown: the kernel takes the caller's own
  return 1;
}
