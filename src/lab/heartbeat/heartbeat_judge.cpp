#include "lab/heartbeat/heartbeat_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "uncork/stream/error.hpp"

namespace uncork::lab {
namespace {

using core::Micros;
using stream::errc;
using stream::liveness_clock;
using stream::liveness_policy;

constexpr unsigned kLatest = 3;  // times the silence limit: the first wait that is long enough comes within the first two

/// What must become of a cell's connection.
enum class Fate { killed, lives, found_dead, no_progress };

Fate fate_of(const HeartbeatSetup& setup) {
  switch (setup.peer) {
    case PeerKind::slow:
      return setup.policy == liveness_policy::own_progress ? Fate::killed : Fate::lives;
    case PeerKind::duplex:
      return setup.policy == liveness_policy::any_frame ? Fate::lives : Fate::killed;
    case PeerKind::stopped:
      return Fate::found_dead;
    case PeerKind::unread:
      return Fate::no_progress;
  }
  return Fate::lives;
}

struct Range {
  Micros least;
  Micros most;
  [[nodiscard]] std::string text() const { return core::to_string(least) + " to " + core::to_string(most); }
};

/// When the end must come. The driver looks at the kernel's figures every twentieth of T, and a machine needs its own time.
Range window(Fate fate, const HeartbeatTimes& times) {
  const Micros late = times.silence / 10;
  switch (fate) {
    case Fate::killed:
      return {times.silence, kLatest * times.silence};
    case Fate::lives:
      return {times.run, times.run + kLatest * times.silence};
    case Fate::found_dead:
      return {times.silence - times.interval, times.silence + late};
    case Fate::no_progress:
      return {times.no_progress, times.no_progress + late};
  }
  return {};
}

std::optional<Micros> time_of_fate(const HeartbeatRow& row, Fate fate) {
  switch (fate) {
    case Fate::killed:
    case Fate::lives:
      return row.ran;
    case Fate::found_dead:
      return row.after_stop;
    case Fate::no_progress:
      return row.since_progress;
  }
  return std::nullopt;
}

boost::system::error_code error_of(Fate fate) {
  if (fate == Fate::lives) return {};
  return fate == Fate::no_progress ? errc::no_progress : errc::peer_silent;
}

std::string requirement(const HeartbeatSetup& setup, Fate fate, const HeartbeatTimes& times) {
  const std::string who = fmt::format("{}, {} peer", name(setup.policy), name(setup.peer));
  switch (fate) {
    case Fate::killed:
      return fmt::format("{}: called silent while alive, after {}", who, window(fate, times).text());
    case Fate::lives:
      return fmt::format("{}: lives for {} through waits longer than {}; the shortest of the longest waits", who,
                         core::to_string(times.run), core::to_string(times.silence));
    case Fate::found_dead:
      return fmt::format("{}: found dead {} after the stop", who, window(fate, times).text());
    case Fate::no_progress:
      return fmt::format("{}: given up for no progress after {}", who, window(fate, times).text());
  }
  return "";
}

/// The figure of a cell: of those that live the shortest longest gap, which must be over T; else the latest end.
std::optional<Micros> figure(const std::vector<const HeartbeatRow*>& cell, Fate fate, const HeartbeatTimes& times) {
  std::optional<Micros> worst;
  for (const HeartbeatRow* row : cell) {
    const auto measured = fate == Fate::lives ? row->longest_gap : time_of_fate(*row, fate);
    if (!measured || (fate == Fate::lives && *measured <= times.silence)) return std::nullopt;
    if (!worst || (fate == Fate::lives ? *measured < *worst : *measured > *worst)) worst = measured;
  }
  return worst;
}

Criterion judge_cell(const HeartbeatSetup& setup, const std::vector<const HeartbeatRow*>& cell, const HeartbeatTimes& times) {
  const Fate fate = fate_of(setup);
  const auto measured = figure(cell, fate, times);
  Criterion criterion{name(setup.policy) + "_" + name(setup.peer), requirement(setup, fate, times), std::nullopt, "s", true, ""};
  if (measured) criterion.measured = core::to_ms(*measured) / 1000;
  if (!measured && fate == Fate::lives) criterion.note = "a run had no wait longer than the silence limit: the fault was absent";
  for (const HeartbeatRow* row : cell) {
    if (row->failed_because.empty()) continue;
    criterion.met = false;
    criterion.note = fmt::format("seed {}: {}", row->seed, row->failed_because);
  }
  return criterion;
}

Criterion judge_order(const std::vector<HeartbeatRow>& rows) {
  Criterion criterion{"in_order", "frames that peers have read, each in its place", std::nullopt, "frames", true, ""};
  if (!rows.empty()) criterion.measured = 0;
  for (const HeartbeatRow& row : rows) {
    if (!row.frames_checked) {
      criterion.measured.reset();
      criterion.note = "a peer ended without saying what it had read";
      return criterion;
    }
    *criterion.measured += static_cast<double>(*row.frames_checked);
    if (row.frames_out_of_order > 0) criterion.met = false;
  }
  return criterion;
}

}  // namespace

std::string name(PeerKind peer) {
  switch (peer) {
    case PeerKind::slow:
      return "slow";
    case PeerKind::duplex:
      return "duplex";
    case PeerKind::stopped:
      return "stopped";
    case PeerKind::unread:
      return "unread";
  }
  return "";
}

std::string name(liveness_policy policy) {
  switch (policy) {
    case liveness_policy::own_progress:
      return "own_progress";
    case liveness_policy::heartbeat:
      return "heartbeat";
    case liveness_policy::any_frame:
      return "any_frame";
  }
  return "";
}

std::string name(liveness_clock clock) {
  switch (clock) {
    case liveness_clock::none:
      return "none";
    case liveness_clock::writing:
      return "writing";
    case liveness_clock::silence:
      return "silence";
    case liveness_clock::no_progress:
      return "no_progress";
  }
  return "";
}

std::string name(const boost::system::error_code& error) {
  if (!error) return "-";
  if (error == errc::peer_silent) return "peer_silent";
  if (error == errc::no_progress) return "no_progress";
  return error.message();
}

std::string why_failed(const HeartbeatRow& row, const HeartbeatTimes& times) {
  const Fate fate = fate_of(row.setup);
  if (row.frames_out_of_order > 0) return core::count_of(row.frames_out_of_order, "frame") + " out of order";
  if (row.error != error_of(fate)) {
    return fmt::format("ended with {} after {}, expected {}", name(row.error), core::to_string(row.ran), name(error_of(fate)));
  }
  if (fate == Fate::killed && row.expired != liveness_clock::writing) {
    return fmt::format("the clock of {} ran out, expected that of writing", name(row.expired));
  }
  const auto time = time_of_fate(row, fate);
  const Range allowed = window(fate, times);
  if (!time) return "its end was not timed";
  if (*time < allowed.least || *time > allowed.most) {
    return fmt::format("after {}, expected {}", core::to_string(*time), allowed.text());
  }
  return "";
}

std::vector<Criterion> judge_heartbeat(std::vector<HeartbeatRow>& rows, const HeartbeatTimes& times) {
  for (HeartbeatRow& row : rows) row.failed_because = why_failed(row, times);
  std::vector<Criterion> criteria;
  for (const HeartbeatSetup& setup : heartbeat_setups()) {
    std::vector<const HeartbeatRow*> cell;
    for (const HeartbeatRow& row : rows) {
      if (row.setup == setup) cell.push_back(&row);
    }
    criteria.push_back(judge_cell(setup, cell, times));
  }
  criteria.push_back(judge_order(rows));
  return criteria;
}

}  // namespace uncork::lab
