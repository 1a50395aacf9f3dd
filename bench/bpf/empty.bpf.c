// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
// Programs that do nothing, on the witness's three hot hooks: what attaching and measuring alone costs.
#include "probe/bpf/kernel_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sock_send_length")
int BPF_PROG(empty_send, struct sock* sk, int ret, int flags) { return 0; }

SEC("tp_btf/tcp_probe")
int BPF_PROG(empty_segment, struct sock* sk, const struct sk_buff* skb) { return 0; }

SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(empty_read, struct sock* sk) { return 0; }
