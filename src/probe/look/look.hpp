#pragma once
// One look at every TCP socket of every network namespace that this user may see.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "probe/diag/attributes.hpp"
#include "probe/diag/dump.hpp"
#include "probe/look/coverage.hpp"
#include "probe/namespaces/choice.hpp"
#include "record/row.hpp"

namespace uncork::probe {

class Witness;

/// Whether to walk the sockets with BPF (process, descriptor, ledger; one pass for all namespaces) or with dumps alone.
enum class UseBpf : std::uint8_t { automatic, yes, no };

/// Which way a look's sockets were found.
enum class LookPath : std::uint8_t {
  pass,     ///< one BPF pass for all namespaces, and dumps of those where it may have missed some
  dumps,    ///< inet_diag, namespace by namespace
  capture,  ///< a replay
};
/// `BPF`, `inet_diag`, `a capture`.
[[nodiscard]] std::string_view name_of(LookPath path);

/// Where a look is. From `entering` to `listed`: of each namespace.
enum class LookStep : std::uint8_t {
  found,     ///< the namespaces are known
  passed,    ///< BPF has seen the sockets of all
  entering,  ///< next it goes into the namespace
  inside,
  asked,   ///< for the list of its sockets
  part,    ///< of the list was read
  listed,  ///< next it leaves
  looked,  ///< next it takes in the sockets that ended
};

struct LookOptions {
  WhichNamespaces namespaces{};
  Attributes attributes = Attributes::usual();
  /// What is asked of the kernel, by dumps and the pass alike. Last rows come whatever these are.
  StateSet states = kAllStates;
  UseBpf bpf = UseBpf::automatic;
  /// Listen for sockets that end between two looks; each becomes a last row of the next look, and so does what never became a
  /// connection. Their reasons are the kernel's own where BPF may be used, else what the last counters tell.
  bool close_events = false;
  /// Of the buffer in which close events wait, if not CloseListener's own size.
  std::optional<int> close_buffer_bytes{};
  const Witness* witness = nullptr;  ///< whose ledgers the pass reads along; must outlive the Looker
  std::string record_to{};           ///< a capture (pcap, LINKTYPE_NETLINK) of all that the kernel said; empty: none
  /// Called at each step with the namespace's inode (0: of none), on the thread that looks: for whoever wants to know, or to make
  /// something happen just then.
  std::function<void(LookStep step, std::uint64_t inode)> on_step{};
};

/// What one look saw. Reused from look to look, so that its memory is.
struct Look {
  LookPath path = LookPath::dumps;
  std::uint64_t sequence = 0;     ///< 1 for the first
  std::int64_t timestamp_ns = 0;  ///< CLOCK_REALTIME at its begin; each row has its own, when its part was read
  /// Their texts live until the second look after this one ends, and not longer than the Looker. A request (a connection that is
  /// being made) is among them where its namespace had to be listed.
  std::vector<record::Row> rows;
  Coverage coverage;
  std::vector<std::string> limits;  ///< what this look could not see and why, one sentence each; empty: nothing
};

/// Looks again and again. One thread at a time; uses one more of its own inside look(). Needs no privilege for the caller's own
/// namespace, CAP_SYS_ADMIN (and CAP_SYS_PTRACE to find those of other users' processes) for others. No namespace is kept alive
/// between looks, but by the close events, where they need a socket in each (limits says so).
class Looker {
 public:
  /// Errors: invalid_argument for what the options say; not_found for a name that is no namespace's; not_permitted; with
  /// UseBpf::yes, that BPF cannot be used.
  [[nodiscard]] static core::Result<std::unique_ptr<Looker>> open(const LookOptions& options);
  /// The looks in a capture, through the same decoder: `attributes`, `states` and the namespaces' names choose among what it
  /// holds. Errors: the file cannot be read, is no capture of netlink or (when looking) has no answer of inet_diag in it.
  [[nodiscard]] static core::Result<std::unique_ptr<Looker>> replay(const std::string& capture, const LookOptions& options);
  virtual ~Looker() = default;
  Looker(const Looker&) = delete;
  Looker& operator=(const Looker&) = delete;

  enum class Outcome : std::uint8_t { made, end };  ///< end: a replay has no more looks
  /// Replaces what is in `into`. Fails only when nothing could be seen at all; what is missing is told by coverage and limits.
  [[nodiscard]] virtual core::Result<Outcome> look(Look& into) = 0;

  /// Waits until `until` and takes in close events meanwhile, so that the kernel's buffer does not overflow between two looks.
  /// Returns early, with true, when a new namespace has been found: within a second of its coming, if a search takes no longer
  /// than 40 ms (a twentieth of the time is given to them). Its close events are heard from then on, until it is gone or the next
  /// look. The answer may be left aside, and a long wait be made of short ones. A replay returns at once.
  [[nodiscard]] virtual core::Result<bool> wait(core::Time until) = 0;

 protected:
  Looker() = default;
};

}  // namespace uncork::probe
