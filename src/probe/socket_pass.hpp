#pragma once
// The sockets of all network namespaces in one pass over every descriptor, read from the kernel by BPF.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/result.hpp"
#include "record/row.hpp"

namespace uncork::probe {

class Witness;

struct SocketPassOptions {
  std::uint32_t states = ~0U;        ///< bit n: state n of the kernel's; sockets in others are passed over early
  bool closed = false;               ///< also sockets that are in no hash table: never connected, or closed by the peer's reset
  const Witness* witness = nullptr;  ///< whose ledgers to read along; must outlive the pass
};

/// What the last pass met.
struct SocketPassCounts {
  std::uint64_t descriptors = 0;  ///< of TCP sockets
  std::uint64_t shared = 0;       ///< of those, further descriptors of a socket that has its row already
};

/// Reads every TCP socket that a descriptor stands for, in whatever namespace: address to ledger, with process, command and
/// descriptor; one row a socket, under the lowest pid and there the lowest descriptor that hold it. Not seen, and to be taken
/// from a dump: TIME_WAIT, requests, what was not accepted yet, what was closed and still sends. No namespace is entered or kept
/// alive. One thread. Needs CAP_BPF, CAP_PERFMON and the kernel's BTF.
class SocketPass {
 public:
  /// `texts` keeps the rows' texts and must outlive them and the pass. Errors: not_permitted, not_supported (no BTF, or a kernel
  /// whose BPF cannot do it); the message says which.
  [[nodiscard]] static core::Result<std::unique_ptr<SocketPass>> open(record::Texts& texts,
                                                                      const SocketPassOptions& options = {});
  ~SocketPass();
  SocketPass(const SocketPass&) = delete;
  SocketPass& operator=(const SocketPass&) = delete;

  /// Replaces `rows`, and reuses their memory. Each begins as a copy of `base` (the fields that all rows share) and gets the time
  /// at which its part was read. On an error, `rows` holds what was read until then.
  [[nodiscard]] core::Status read(const record::Row& base, std::vector<record::Row>& rows);

  /// As `read`, but each row goes to `sink` when it is made, which may change it and keeps no pointer to it: the memory does not
  /// grow with the sockets but for 16 to 64 bytes each, and the row is still in the cache when it is marshalled. A socket that
  /// several descriptors hold has its row under the first that the kernel walks to, in the order of the task numbers: that is the
  /// lowest pid, unless one of its threads has a table of descriptors of its own.
  [[nodiscard]] core::Status each(const record::Row& base, const std::function<void(record::Row&)>& sink);

  [[nodiscard]] const SocketPassCounts& counts() const;

  /// Before a sweep of `texts`: the pass does not hold any.
  void forget_texts();

 private:
  struct Loaded;
  explicit SocketPass(std::unique_ptr<Loaded> loaded);
  core::Status load();

  std::unique_ptr<Loaded> loaded_;
};

}  // namespace uncork::probe
