#pragma once
// The conclusion about one connection end: where the time went, the evidence, and what ends it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/endpoint.hpp"
#include "stall/account.hpp"
#include "stall/choices.hpp"

namespace uncork::stall {

/// A process as a verdict names it. pid 0: not known.
struct Process {
  std::int32_t pid = 0;
  std::string command;
  bool operator==(const Process&) const = default;
};

/// One end of a connection: who, where.
struct ConnectionEnd {
  std::uint64_t cookie = 0;  ///< SO_COOKIE; 0: not known
  Process process;
  core::Endpoint local;
  core::Endpoint remote;
  std::string netns;              ///< a name, or the inode as `net:[4026531840]`
  std::optional<bool> nodelay{};  ///< TCP_NODELAY as last seen; empty: nobody could look
  std::optional<Process> peer{};  ///< the other end's process, if it is on this machine
};

/// How a verdict was reached: every event seen by the kernel's own witness, or states sampled from outside.
enum class Confidence : std::uint8_t { witnessed, sampled };
[[nodiscard]] std::string_view name(Confidence confidence);
/// Why it is no higher and no lower, in one clause.
[[nodiscard]] std::string_view reason(Confidence confidence);

/// Who can end a stall: this end's program, the peer's, or neither (the path, and what shares it).
enum class Fault : std::uint8_t { nobody, here, peer, path };
[[nodiscard]] std::string_view name(Fault fault);
[[nodiscard]] Fault fault_of(Cause cause);

/// What to change, where, and what does it now.
struct Remedy {
  std::string brief;    ///< a few words for a table: `merge writes or set TCP_NODELAY`
  std::string full;     ///< one sentence that names the end that must change and how
  std::string command;  ///< the uncork command that ends it now; empty if none does
};

struct Verdict {
  ConnectionEnd where;
  Account account;
  core::Micros wall{0};  ///< watched time: the whole budget, idle included
  core::Micros lost{0};
  Cause cause = Cause::idle;  ///< the stall that cost most; idle: none
  Fault fault = Fault::nobody;
  Confidence confidence = Confidence::witnessed;
  Remedy remedy;
  std::vector<Choice> choices;  ///< the ways to end it, best first
};

/// When a loss is worth a person's time. Both must be reached.
struct Threshold {
  core::Micros least_lost{1000};
  double least_share = 0.02;             ///< of the time in which exchanges were under way
  core::Micros least_an_exchange{1000};  ///< enough instead of the share: the exchanges are long, or few
  bool operator==(const Threshold&) const = default;
};

/// Whether what this account lost is worth reporting. What flow control costs by design (windows, buffers, pacing, loss) counts
/// only if it is kLimitFactor times the share, unless it costs an exchange least_an_exchange too: a bulk transfer at full speed
/// is always limited by something.
[[nodiscard]] bool matters(const Account& account, const Threshold& threshold);
inline constexpr double kLimitFactor = 5;

/// The verdict about one end from its account. Pure; the same account gives the same verdict.
[[nodiscard]] Verdict conclude(ConnectionEnd where, const Account& account, Confidence confidence);

/// The remedy for a stall at `where`, with the write pattern that shows it.
[[nodiscard]] Remedy remedy_for(Cause cause, const ConnectionEnd& where, const Account& account);

}  // namespace uncork::stall
