#pragma once
// A cgroup of its own in which every TCP connection has TCP_NODELAY from its first byte.

#include <cstdint>
#include <memory>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::cure {

struct CuredCounts {
  std::uint64_t connections = 0;  ///< ends that were cured when they were established
  std::uint64_t refused = 0;      ///< ends on which the kernel refused the option
  std::uint64_t kept = 0;         ///< times that the program turned it off, which was not done
  std::uint64_t slow_acks = 0;    ///< ends that delay acknowledgements as long as before
};

/// BPF programs on a new cgroup below the caller's own (cgroup v2, wherever it is mounted, or not at all). Who is put into it is
/// cured, and so are its children: in any language, static or not, with io_uring. What they had open before is not. On
/// destruction the programs are detached, and the cgroup goes if nobody is in it any more. One thread. Needs CAP_BPF,
/// CAP_NET_ADMIN and CAP_SYS_ADMIN, and Linux 6.1; make() says which is missing.
class CuredGroup {
 public:
  /// `longest_ack_delay`, such as shortest_ack_delay(), is instead of 40 ms the most by which a peer that has Nagle on, and that
  /// we cannot change, is held up; 0: as the kernel has it. TCP_QUICKACK cannot be set so (measured on Linux 6.18: bpf_setsockopt
  /// refuses it with EINVAL), and it would not last anyway.
  [[nodiscard]] static core::Result<std::unique_ptr<CuredGroup>> make(core::Micros longest_ack_delay);
  ~CuredGroup();
  CuredGroup(const CuredGroup&) = delete;
  CuredGroup& operator=(const CuredGroup&) = delete;

  /// An open cgroup.procs: a process that writes "0" there is in the group.
  [[nodiscard]] int procs() const;
  [[nodiscard]] CuredCounts counts() const;

 private:
  struct Loaded;
  explicit CuredGroup(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

}  // namespace uncork::cure
