// How a trial is judged.
//
// Gain: the mean exchange ends sooner, or more bytes get through. The whole interval must lie beyond kLeastEffect.
// Against it weigh: the slowest exchanges becoming slower; fewer bytes; and the price, segments and CPU a kilobyte. TCP_NODELAY
// always costs segments where it ends a hold, so a price weighs only if it grows by a greater factor than the gain.
// Where exchanges have fewer bytes with the option, messages overlap (figures.hpp): they must end sooner by more than that.
// A stall that moves: without a gain, the time that this end spends waiting for the other grows by milliseconds, which no work of
// the other end on the same bytes explains: it holds an answer of its own until we acknowledge.
#include "cure/trial/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/count.hpp"
#include "cure/trial/figures.hpp"

namespace uncork::cure {
namespace {

constexpr double kUp = 1 + kLeastEffect;
constexpr double kDown = 1 - kLeastEffect;
/// As large may an exchange be with the option, or as small, to be the same that it is without. Measured: in field case M2 it has
/// 0.8 of the bytes, where answers had been merged a quarter.
constexpr double kAlike = 2;
/// The other end's hold lasts as long as our ACK is late: at least 4 ms where a round trip decides, 40 where a timer does.
constexpr double kLeastMovedMs = 1;
constexpr double kLeastMovedShare = 0.2;

class Judge {
 public:
  explicit Judge(const std::vector<TrialFigure>& figures) : figures_(figures) {}

  [[nodiscard]] const TrialFigure& figure(std::string_view key) const {
    return *std::ranges::find(figures_, key, &TrialFigure::key);
  }

  /// Which figure shows a gain; nullptr: none.
  [[nodiscard]] const TrialFigure* gain() const {
    const Ratio* mean = ratio("mean_ms");
    if (mean != nullptr && mean->is_below(kDown * smaller())) return &figure("mean_ms");
    return grows(kThroughput) ? &figure(kThroughput) : nullptr;
  }

  /// What weighs more than the gain; nullptr: nothing.
  [[nodiscard]] const TrialFigure* veto() const {
    if (const TrialFigure* slower = slowdown()) return slower;
    const double factor = gain_factor();
    for (const char* price : kPrices) {
      if (grows(price) && ratio(price)->low > factor) return &figure(price);
    }
    return nullptr;
  }

  /// What is clearly worse, though nothing is gained; nullptr: nothing.
  [[nodiscard]] const TrialFigure* loss() const {
    if (const TrialFigure* slower = slowdown()) return slower;
    for (const char* price : kPrices) {
      if (grows(price)) return &figure(price);
    }
    return nullptr;
  }

  [[nodiscard]] bool moves() const {
    if (!compares_exchanges()) return false;
    const TrialFigure& peer = figure("peer_ms");
    const double more = peer.on - peer.off;
    const bool clearly = !peer.ratio || peer.ratio->is_above(1);  // not known: there was none without
    return clearly && more >= kLeastMovedMs && more >= kLeastMovedShare * figure("mean_ms").on;
  }

 private:
  static constexpr const char* kThroughput = "kilobytes_per_second";
  static constexpr std::array<const char*, 2> kPrices = {"cpu_us_per_kilobyte", "segments_per_kilobyte"};

  [[nodiscard]] const Ratio* ratio(std::string_view key) const {
    const TrialFigure& found = figure(key);
    return found.ratio ? &*found.ratio : nullptr;
  }
  /// By how much an exchange has fewer bytes with the option; 1: it has not.
  [[nodiscard]] double smaller() const {
    const Ratio* bytes = ratio("bytes_per_exchange");
    return bytes == nullptr ? 1 : std::min(bytes->value, 1.0);
  }
  [[nodiscard]] bool compares_exchanges() const {
    const Ratio* bytes = ratio("bytes_per_exchange");
    return bytes == nullptr || (bytes->value > 1 / kAlike && bytes->value < kAlike);
  }
  [[nodiscard]] bool falls(std::string_view key) const { return ratio(key) != nullptr && ratio(key)->is_below(kDown); }
  [[nodiscard]] bool grows(std::string_view key) const { return ratio(key) != nullptr && ratio(key)->is_above(kUp); }

  [[nodiscard]] const TrialFigure* slowdown() const {
    if (falls(kThroughput)) return &figure(kThroughput);
    for (const char* time : {"mean_ms", "p99_ms"}) {
      if (compares_exchanges() && grows(time)) return &figure(time);
    }
    return nullptr;
  }

  /// By which factor exchanges are surely sooner, or the throughput greater.
  [[nodiscard]] double gain_factor() const {
    double factor = 1;
    if (const Ratio* time = ratio("mean_ms"); time != nullptr && time->high > 0)
      factor = std::max(factor, smaller() / time->high);
    if (const Ratio* rate = ratio(kThroughput); rate != nullptr) factor = std::max(factor, rate->low);
    return factor;
  }

  const std::vector<TrialFigure>& figures_;
};

std::string number(double value) {
  if (value == 0) return "0";
  return std::abs(value) >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

/// `exchange, mean: 42.1 ms without, 0.31 ms with`.
std::string said(const TrialFigure& figure) {
  const std::string unit = figure.unit.empty() ? "" : " " + figure.unit;
  return fmt::format("{}: {}{} without, {}{} with", figure.title, number(figure.off), unit, number(figure.on), unit);
}

std::string moved(const Judge& judge) {
  const TrialFigure& peer = judge.figure("peer_ms");
  const TrialFigure& lost = judge.figure("lost_ms");
  const std::string here = lost.off > lost.on && lost.off >= kLeastMovedMs
                               ? fmt::format("this end no longer loses its {} ms an exchange, but ", number(lost.off))
                               : "";
  return fmt::format(
      "No gain: the stall moves, and the other end holds now: {}{} ms an exchange are spent waiting for it, {} without. Cure "
      "both "
      "ends, or merge the writes there.",
      here, number(peer.on), number(peer.off));
}

struct Counts {
  std::uint64_t off = 0;
  std::uint64_t on = 0;
};

std::string too_few(std::size_t pairs, const Counts& exchanges) {
  return fmt::format(
      "Too few exchanges to tell: {} without and {} with the option, in {} that can be compared; it takes {} of "
      "each, in {} pairs. Try longer (--trial), or at a busier time.",
      exchanges.off, exchanges.on, core::count_of(pairs, "pair of windows", "pairs of windows"), kFewestExchanges, kFewestPairs);
}

}  // namespace

std::string_view name(TrialOutcome outcome) {
  static constexpr std::array<std::string_view, 7> kNames = {"gains", "mixed", "neutral", "loses", "moves", "already", "too_few"};
  return kNames.at(static_cast<std::size_t>(outcome));
}

TrialVerdict judge_trial(std::span<const TrialWindow> windows, const TrialSockets& sockets) {
  const std::vector<TrialPair> pairs = whole_pairs(windows);
  TrialVerdict verdict;
  verdict.pairs = pairs.size();
  verdict.figures = figures_of(pairs);
  Counts exchanges;
  for (const TrialPair& pair : pairs) {
    exchanges.off += pair.off.exchanges;
    exchanges.on += pair.on.exchanges;
  }
  const Judge judge(verdict.figures);
  if (sockets.seen != 0 && sockets.changed == 0) {
    verdict.outcome = TrialOutcome::already;
    verdict.sentence =
        fmt::format("Nothing to try: all of {} had TCP_NODELAY already.", core::count_of(sockets.seen, "connection"));
  } else if (pairs.size() < kFewestPairs || exchanges.off < kFewestExchanges || exchanges.on < kFewestExchanges) {
    verdict.outcome = TrialOutcome::too_few;
    verdict.sentence = too_few(pairs.size(), exchanges);
  } else if (const TrialFigure* gain = judge.gain()) {
    const TrialFigure* veto = judge.veto();
    verdict.outcome = veto == nullptr ? TrialOutcome::gains : TrialOutcome::mixed;
    verdict.sentence = veto == nullptr ? fmt::format("It gains ({}).", said(*gain))
                                       : fmt::format("It gains ({}), but not for nothing ({}).", said(*gain), said(*veto));
    if (veto == nullptr && judge.moves()) verdict.sentence += " Part of the time waits at the other end now: cure that too.";
  } else if (judge.moves()) {
    verdict.outcome = TrialOutcome::moves;
    verdict.sentence = moved(judge);
  } else if (const TrialFigure* loss = judge.loss()) {
    verdict.outcome = TrialOutcome::loses;
    verdict.sentence = fmt::format("It loses: nothing is sooner, and there is a price ({}).", said(*loss));
  } else {
    verdict.outcome = TrialOutcome::neutral;
    verdict.sentence = fmt::format("No difference that matters ({}).", said(judge.figure("mean_ms")));
  }
  return verdict;
}

}  // namespace uncork::cure
