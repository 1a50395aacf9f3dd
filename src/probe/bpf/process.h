/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who a process is: its name, and its number in the reader's pid namespace. */
#pragma once

#include "probe/bpf/socket_state.h"

// The process's number as the reader's pid namespace has it; 0: it is in none of the reader's, or beside them.
static __always_inline __u32 pid_of(struct task_struct* process) {
  const int deepest = 32;  // MAX_PID_NS_LEVEL, include/linux/pid_namespace.h
  const struct pid* pid;
  __u32 level;

  if (!pid_namespace) return process->tgid;
  pid = BPF_CORE_READ(process, group_leader, thread_pid);
  level = BPF_CORE_READ(pid, level);
  for (int i = 0; i <= deepest && i <= (int)level; i++) {
    const char* number = (const char*)pid + bpf_core_field_offset(struct pid, numbers) + i * bpf_core_type_size(struct upid);
    if (BPF_CORE_READ((const struct upid*)number, ns, ns.inum) == pid_namespace)
      return BPF_CORE_READ((const struct upid*)number, nr);
  }
  return 0;
}

// Its name is its first thread's: others call themselves what they like.
static __always_inline void name_owner(struct socket_state* st) {
  struct task_struct* task = bpf_get_current_task_btf();

  st->host_pid = bpf_get_current_pid_tgid() >> 32;
  st->pid = pid_of(task);
  st->is_wanted = is_wanted_process(st->host_pid);
  __builtin_memcpy(st->command, task->group_leader->comm, sizeof st->command);
}
