#include "lab/zino/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace uncork::lab {
namespace {

constexpr double kLeastRatio = 77;      // per line through a plain relay, to a send a reply through the same
constexpr double kLeastCharged = 0.98;  // of the difference between those two
constexpr double kMostOffRoundTrips = 0.05;
constexpr double kMostAheadMs = 500;  // for 100 cases, 30 ms away
constexpr unsigned kAheadCases = 100;
constexpr std::array<PublishedRun, 2> kPublished = {{{zino::Writes::per_line, 7.07, 1220}, {zino::Writes::coalesced, 0.05, 304}}};

using zino::Writes;

ZinoSetup through(std::optional<core::Micros> delay, Writes writes, Nagle nagle = Nagle::off) {
  ZinoSetup setup;
  setup.relay_delay = delay;
  setup.writes = writes;
  setup.nagle = nagle;
  return setup;
}

/// What `part` held in the slow run, as a share of what it took longer than the fast one.
std::optional<double> charged_share(const ZinoRun* slow, const ZinoRun* fast, ZinoPart part) {
  if (slow == nullptr || fast == nullptr || !slow->held || slow->total <= fast->total) return std::nullopt;
  const auto held = slow->held_by(part);
  return held ? std::optional(core::to_ms(*held) / core::to_ms(slow->total - fast->total)) : std::nullopt;
}

std::optional<double> chunks_per_reply(const ZinoRun* run) {
  if (run == nullptr || !run->s2c_chunks || run->replies == 0) return std::nullopt;
  return static_cast<double>(run->s2c_chunks->size()) / static_cast<double>(run->replies);
}

/// The round trips that a listing one command after the other needs: half a one for the greeting.
double round_trips_ms(const ZinoRun& run) {
  return (static_cast<double>(run.replies) - 0.5) * core::to_ms(2 * *run.setup.relay_delay);
}

class Judge {
 public:
  explicit Judge(const ZinoResult& result) : result_(result), planned_(zino_setups(result.options)) {}

  std::vector<Criterion> whole_table() {
    stalls();
    chunks();
    round_trips();
    return std::move(criteria_);
  }

 private:
  [[nodiscard]] bool planned(const ZinoSetup& setup) const { return std::ranges::find(planned_, setup) != planned_.end(); }

  void stalls() {
    const ZinoSetup relay_slow = through(core::Micros(0), Writes::per_line);
    const ZinoSetup direct_slow = through(std::nullopt, Writes::per_line, Nagle::on);
    if (planned(relay_slow)) {
      const ZinoRun* slow = result_.find(relay_slow);
      const ZinoRun* fast = result_.find(through(core::Micros(0), Writes::coalesced));
      const bool both = slow != nullptr && fast != nullptr && fast->total > core::Micros(0);
      criteria_.push_back(
          at_least("relay_ratio", fmt::format("B per line takes at least {} times as long as B coalesced", kLeastRatio),
                   both ? std::optional(core::to_ms(slow->total) / core::to_ms(fast->total)) : std::nullopt, kLeastRatio));
      criteria_.push_back(at_least("relay_charged", "at least 0.98 of that difference is charged to the relay, whose Nagle is on",
                                   charged_share(slow, fast, ZinoPart::relay), kLeastCharged));
    }
    if (planned(direct_slow)) {
      criteria_.push_back(at_least(
          "server_charged", "at least 0.98 of what A per line loses with the server's Nagle on is charged to the server",
          charged_share(result_.find(direct_slow), result_.find(through(std::nullopt, Writes::coalesced)), ZinoPart::server),
          kLeastCharged));
    }
  }

  void chunks() {
    const ZinoSetup setup = through(core::Micros(0), Writes::coalesced);
    if (!planned(setup)) return;
    criteria_.push_back(between("chunks_per_reply", "a coalesced reply reaches the relay in 1 chunk",
                                chunks_per_reply(result_.find(setup)), 1, 1));
  }

  void round_trips() {
    const ZinoSetup plain = through(kFarAway, Writes::coalesced);
    if (planned(plain)) {
      const ZinoRun* run = result_.find(plain);
      criteria_.push_back(between("round_trips", "C coalesced takes one round trip per command, within 5 %",
                                  run != nullptr ? std::optional(core::to_ms(run->total) / round_trips_ms(*run)) : std::nullopt,
                                  1 - kMostOffRoundTrips, 1 + kMostOffRoundTrips));
    }
    ZinoSetup pipelined = plain;
    pipelined.pipeline = kPipeline;
    ZinoSetup front = plain;
    front.front = true;
    ahead("pipelined", pipelined, fmt::format("C with {} commands outstanding", kPipeline));
    ahead("front", front, "C through the front");
  }

  void ahead(const char* name, const ZinoSetup& setup, const std::string& what) {
    if (!planned(setup)) return;
    const ZinoRun* run = result_.find(setup);
    const double bound = kMostAheadMs * std::max(1.0, static_cast<double>(result_.options.events) / kAheadCases);
    criteria_.push_back(at_most(name, fmt::format("{} takes at most {:.0f} ms", what, bound),
                                run != nullptr ? std::optional(core::to_ms(run->total)) : std::nullopt, bound, "ms"));
  }

  const ZinoResult& result_;
  std::vector<ZinoSetup> planned_;
  std::vector<Criterion> criteria_;
};

}  // namespace

std::vector<Criterion> judge_zino(const ZinoResult& result) {
  const auto fewest = std::ranges::min_element(result.runs, {}, &ZinoRun::cases);
  const bool all_runs = result.runs.size() == zino_setups(result.options).size() && fewest != result.runs.end();
  const std::optional<double> cases = all_runs ? std::optional<double>(fewest->cases) : std::nullopt;
  std::vector<Criterion> criteria = {at_least("cases", "every run lists every open case", cases, result.options.events)};
  if (!result.options.only) std::ranges::move(Judge(result).whole_table(), std::back_inserter(criteria));
  return criteria;
}

std::span<const PublishedRun> published_runs() { return kPublished; }

}  // namespace uncork::lab
