#pragma once
// The published experiment: a client lists every case of a Zino server with three commands each; directly, through a relay, and
// through a relay that is 15 ms away; written line by line or a send a reply; and the two cures for the round trips that remain.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "lab/criteria.hpp"
#include "probe/source.hpp"
#include "relay/proxy_options.hpp"
#include "zino/server/writes.hpp"

namespace uncork::lab {

using relay::Nagle;

enum class ZinoClient { builtin, zinolib };
enum class ZinoServer { uncork, zino2 };
/// Which process of a run was charged.
enum class ZinoPart { server, relay, front };

/// One way of going through the experiment. The relay always has Nagle on, as a plain one has.
struct ZinoSetup {
  std::optional<core::Micros> relay_delay;  ///< each way; nothing: no relay
  zino::Writes writes = zino::Writes::coalesced;
  Nagle nagle = Nagle::off;  ///< of the server
  unsigned pipeline = 1;     ///< commands outstanding
  bool front = false;        ///< a `zino front` between the client and the relay

  bool operator==(const ZinoSetup&) const = default;
  /// `A` without a relay, `B` with one, `C` with a slow one.
  [[nodiscard]] char path() const { return !relay_delay ? 'A' : relay_delay->count() == 0 ? 'B' : 'C'; }
};

struct ZinoOptions {
  unsigned events = 100;
  ZinoClient client = ZinoClient::builtin;
  ZinoServer server = ZinoServer::uncork;
  std::optional<ZinoSetup> only;  ///< one run; nothing: the whole table
  std::string proxy_log;          ///< every chunk that the relays received, run after run; empty: not kept
};

/// What a listing asks of each case, in this order; `getattrs`, as JSON and tables have it.
inline constexpr std::array<const char*, 3> kListingCommands = {"getattrs", "gethist", "getlog"};

/// One run as it was measured.
struct ZinoRun {
  ZinoSetup setup;
  unsigned cases = 0;
  core::Micros total{0};                                   ///< from connecting to the last answer
  std::map<std::string, std::vector<core::Micros>> times;  ///< of each command, by its name
  std::uint64_t replies = 0;                               ///< that the server gave, its greeting included
  std::optional<std::vector<unsigned>> s2c_chunks;  ///< bytes of each, as the relay received them, or the client if it counts
  core::Micros server_cpu{0};
  std::optional<std::map<ZinoPart, core::Micros>> held;  ///< by Nagle or a cork, on all sockets of each; nothing: not witnessed
  std::optional<ZinoPart> blamed;                        ///< who held most, if anybody held a millisecond

  [[nodiscard]] std::uint64_t commands() const;
  [[nodiscard]] std::optional<core::Micros> held_by(ZinoPart part) const;
};

struct ZinoResult {
  ZinoOptions options;
  std::vector<ZinoRun> runs;
  std::vector<Criterion> criteria;

  [[nodiscard]] const ZinoRun* find(const ZinoSetup& setup) const;
};

/// Each way in scenario C.
inline constexpr core::Micros kFarAway{15'000};
/// Commands outstanding in the pipelined run.
inline constexpr unsigned kPipeline = 64;

/// The runs that `options` ask for, in order. Zino 2 writes a reply at once and has no switch for it; zinolib does not pipeline.
[[nodiscard]] std::vector<ZinoSetup> zino_setups(const ZinoOptions& options);

struct ZinoObserver {
  std::function<void(const ZinoRun&)> on_run;
  /// Asked often with the number of the run and the commands that have been answered; false ends the experiment with an error.
  std::function<bool(std::size_t run, unsigned commands)> on_progress;
};

/// Makes the cases, starts and ends every process; `source` must be watching already. Errors: a process that does not start
/// (a peer that is not installed says how to install it), a listing that fails.
[[nodiscard]] core::Result<ZinoResult> run_zino(const ZinoOptions& options, probe::Source& source, const ZinoObserver& observer);

}  // namespace uncork::lab
