#include "lab/field/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>

namespace uncork::lab::field {
namespace {

constexpr double kLeastMs = 1;
constexpr double kLeastShare = 0.02;
// Two plays of the same case are never alike: they may differ by a tenth of the exchange, within these.
constexpr double kRecoveryShare = 0.1;
constexpr double kLeastRecoveryMs = 0.1;
constexpr double kMostRecoveryMs = 2;
constexpr double kWrites = 0.3;  // late writes an exchange: one of fifteen may have been quick, as a pause between them makes it

using Charges = std::map<std::pair<Who, stall::Cause>, double>;  // milliseconds an exchange

Charges charges_of(const Play& play) {
  Charges charges;
  for (const PlayedEnd& end : play.ends) {
    for (const stall::Cause cause : stall::all_causes()) {
      const Who who = stall::fault_of(cause) == stall::Fault::peer ? end.peer : end.who;
      charges[{who, cause}] += play.per_exchange(end.account.budget[cause]);
    }
  }
  return charges;
}

std::string causes_text(const std::vector<stall::Cause>& causes) {
  std::string text;
  for (const stall::Cause cause : causes) text += fmt::format("{}{}", text.empty() ? "" : "+", stall::name(cause));
  return text;
}

/// A range in milliseconds, with what the machine adds.
bool within(Range range, Unit unit, double value, double tolerance) {
  if (unit == Unit::ms) {
    range.least -= tolerance;
    range.most += std::max(tolerance, kTimersLate * range.most);
  }
  return range.holds(value);
}

/// Whether a want or an allowance is about that.
template <typename Entry>
bool covers(const std::vector<Entry>& entries, Who who, stall::Cause cause) {
  return std::ranges::any_of(entries, [&](const Entry& entry) {
    return entry.who == who && std::ranges::find(entry.causes, cause) != entry.causes.end();
  });
}

class Judge {
 public:
  Judge(const Case& field_case, const Play& play) : case_(field_case), play_(play), charges_(charges_of(play)) {}

  Judgement run() {
    const double tolerance = tolerance_ms(play_);
    for (const auto& [key, ms] : charges_) {
      if (!stall::is_stall(key.second)) continue;
      result_.lost_ms += ms;
      if (ms > tolerance || (ms > 0 && covers(case_.wants, key.first, key.second)))
        result_.blames.push_back({key.first, key.second, ms});
    }
    std::ranges::sort(result_.blames, std::greater(), &Blame::lost_ms);
    for (const Want& want : case_.wants) judge_want(want, tolerance);
    for (const Blame& blame : result_.blames) {
      if (covers(case_.wants, blame.who, blame.cause) || covers(case_.allows, blame.who, blame.cause)) continue;
      complain("{} is charged {:.1f} ms of {}", name(blame.who), blame.lost_ms, stall::name(blame.cause));
    }
    for (const WantLate& late : case_.lates) judge_late(late);
    for (const Advice& advice : case_.advices) judge_advice(advice);
    return std::move(result_);
  }

 private:
  template <typename... Arguments>
  void complain(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    result_.complaints.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  double charged(Who who, stall::Cause cause) const {
    const auto found = charges_.find({who, cause});
    return found == charges_.end() ? 0 : found->second;
  }

  void judge_want(const Want& want, double tolerance) {
    double sum = 0;
    double largest = 0;
    for (const stall::Cause cause : want.causes) {
      sum += charged(want.who, cause);
      largest = std::max(largest, charged(want.who, cause));
    }
    const std::string what = fmt::format("{} {}", name(want.who), causes_text(want.causes));
    const double value = in_unit(sum, want.unit);
    if (want.range && !within(*want.range, want.unit, value, tolerance)) {
      complain("{}: {:.2f}, wanted {:g} to {:g} {}", what, value, want.range->least, want.range->most, name(want.unit));
    } else if (!want.range && sum <= tolerance) {
      complain("{}: {:.2f} ms, wanted more than {:.1f} ms", what, sum, tolerance);
    } else if (charged(want.who, want.causes.front()) < largest) {
      complain("{}: the first of them is not the largest", what);
    }
  }

  double in_unit(double ms, Unit unit) const {
    if (unit == Unit::ms) return ms;
    const double whole = unit == Unit::of_lost ? result_.lost_ms : play_.mean_ms();
    return whole == 0 ? 0 : 100 * ms / whole;
  }

  void judge_late(const WantLate& want) {
    stall::Late late;
    for (const PlayedEnd& end : play_.ends) {
      if (end.who == want.who) late += end.account.late();
    }
    const double ms = play_.per_exchange(late.total);
    const double writes = play_.exchanges == 0 ? 0 : static_cast<double>(late.writes) / play_.exchanges;
    if (!within(want.ms, Unit::ms, ms, tolerance_ms(play_))) {
      complain("{} is late by {:.1f} ms an exchange, wanted {:g} to {:g}", name(want.who), ms, want.ms.least, want.ms.most);
    } else if (want.writes && std::abs(writes - *want.writes) > kWrites) {
      complain("{} has {:.1f} late writes an exchange, wanted {:g}", name(want.who), writes, *want.writes);
    }
  }

  /// Of the end that lost most, in small letters.
  std::string remedy_text() const {
    const auto worst = std::ranges::max_element(play_.ends, {}, [](const PlayedEnd& end) { return end.account.budget.lost(); });
    if (worst == play_.ends.end() || worst->account.budget.lost().count() == 0) return "";
    const auto remedy = stall::conclude(worst->where, worst->account, stall::Confidence::witnessed).remedy;
    return lowered(remedy.brief + " " + remedy.full + " " + remedy.command);
  }

  static std::string lowered(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return text;
  }

  void judge_advice(const Advice& advice) {
    const bool has = remedy_text().find(lowered(advice.word)) != std::string::npos;
    if (has != advice.has) complain("the remedy {} '{}'", has ? "names" : "does not name", advice.word);
  }

  const Case& case_;
  const Play& play_;
  Charges charges_;
  Judgement result_;
};

}  // namespace

double tolerance_ms(const Play& play) { return std::max(kLeastMs, kLeastShare * play.mean_ms()); }

Judgement judge(const Case& field_case, const Play& play) { return Judge(field_case, play).run(); }

Recovery compare(const Case& field_case, const Judgement& sick, const Play& before, const Play& after) {
  Recovery recovery{sick.lost_ms, before.mean_ms() - after.mean_ms(), after.mean_ms(), false};
  const double larger = std::max(recovery.claimed_ms, recovery.given_back_ms);
  const double apart = std::abs(recovery.claimed_ms - recovery.given_back_ms);
  const double least = std::clamp(kRecoveryShare * before.mean_ms(), kLeastRecoveryMs, kMostRecoveryMs);
  recovery.equal = apart <= std::max(least, larger * field_case.recovery_percent / 100);
  return recovery;
}

}  // namespace uncork::lab::field
