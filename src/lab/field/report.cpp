#include "lab/field/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/count.hpp"
#include "core/json.hpp"

namespace uncork::lab::field {
namespace {

using core::Json;

std::string ms_text(double ms) { return fmt::format("{:.{}f} ms", ms, std::abs(ms) < 1 && ms != 0 ? 2 : 1); }

constexpr const char* kFact = "        {:<10} {}\n";

/// Lines under one word.
std::string facts(const char* word, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += fmt::format(kFact, text.empty() ? word : "", line);
  return text;
}

std::vector<std::string> witnessed_lines(const Judgement& judgement) {
  std::vector<std::string> lines;
  for (const Blame& blame : judgement.blames) {
    lines.push_back(fmt::format("{} {} {}", name(blame.who), stall::name(blame.cause), ms_text(blame.lost_ms)));
  }
  return lines.empty() ? std::vector<std::string>{"nobody"} : lines;
}

struct LateEnd {
  Who who;
  double ms;
  double writes;
};

/// What is worth telling: a tenth of a millisecond an exchange.
std::vector<LateEnd> late_ends(const Play& play) {
  std::vector<LateEnd> ends;
  for (const PlayedEnd& end : play.ends) {
    const stall::Late late = end.account.late();
    const double ms = play.per_exchange(late.total);
    if (ms >= 0.1) ends.push_back({end.who, ms, static_cast<double>(late.writes) / play.exchanges});
  }
  return ends;
}

std::vector<std::string> late_lines(const Play& play) {
  std::vector<std::string> lines;
  for (const LateEnd& end : late_ends(play)) lines.push_back(fmt::format("{} {:.1f} ms", name(end.who), end.ms));
  return lines.empty() ? std::vector<std::string>{"0"} : lines;
}

Json blames_json(const Judgement& judgement) {
  Json list = Json::array();
  for (const Blame& blame : judgement.blames) {
    list.push_back({{"who", name(blame.who)}, {"cause", stall::name(blame.cause)}, {"lost_ms", blame.lost_ms}});
  }
  return list;
}

Json ends_json(const Play& play) {
  Json list = Json::array();
  for (const PlayedEnd& end : play.ends) {
    Json budget = Json::object();
    for (const stall::Cause cause : stall::all_causes()) {
      const double ms = play.per_exchange(end.account.budget[cause]);
      if (ms != 0) budget[std::string(stall::name(cause))] = ms;
    }
    const stall::Late late = end.account.late();
    list.push_back({{"who", name(end.who)},
                    {"peer", name(end.peer)},
                    {"budget_ms", std::move(budget)},
                    {"late_ms", play.per_exchange(late.total)},
                    {"late_writes", static_cast<double>(late.writes) / std::max(play.exchanges, 1U)}});
  }
  return list;
}

Json outcome_json(const Outcome& outcome) {
  Json result = {{"case", outcome.field_case.name},
                 {"title", outcome.field_case.title},
                 {"passed", outcome.passed()},
                 {"wanted", wanted_lines(outcome.field_case)},
                 {"exchanges", outcome.play.exchanges},
                 {"mean_ms", outcome.play.mean_ms()},
                 {"lost_ms", outcome.judgement.lost_ms},
                 {"witnessed", blames_json(outcome.judgement)},
                 {"ends", ends_json(outcome.play)},
                 {"complaints", outcome.judgement.complaints},
                 {"recovered", nullptr},
                 {"trouble", outcome.trouble}};
  if (const auto& recovery = outcome.recovery) {
    result["recovered"] = {{"claimed_ms", recovery->claimed_ms},
                           {"given_back_ms", recovery->given_back_ms},
                           {"cured_mean_ms", recovery->cured_mean_ms},
                           {"equal", recovery->equal}};
  }
  return result;
}

}  // namespace

std::string text(const Outcome& outcome) {
  const auto& recovery = outcome.recovery;
  const bool played = outcome.play.exchanges != 0;
  std::string text =
      fmt::format("{:<7} {:<5} {}\n", outcome.field_case.name, outcome.passed() ? "OK" : "FAILS", outcome.field_case.title);
  text += facts("wanted", wanted_lines(outcome.field_case));
  text += facts("witnessed", played ? witnessed_lines(outcome.judgement) : std::vector<std::string>{"-"});
  if (played) text += facts("late", late_lines(outcome.play));
  if (recovery) {
    text +=
        facts("recovered", {fmt::format("{} of {} claimed", ms_text(recovery->given_back_ms), ms_text(recovery->claimed_ms))});
  }
  for (const std::string& complaint : outcome.judgement.complaints) text += "        " + complaint + "\n";
  if (recovery && !recovery->equal) {
    text += fmt::format("        the remedy gives back {} an exchange; {} was claimed\n", ms_text(recovery->given_back_ms),
                        ms_text(recovery->claimed_ms));
  }
  if (!outcome.trouble.empty()) text += "        " + outcome.trouble + "\n";
  return text;
}

std::string sentence(const std::vector<Outcome>& outcomes) {
  const auto right = std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& outcome) { return outcome.passed(); });
  return fmt::format("{} of {} as wanted.\n", right, core::count_of(outcomes.size(), "case"));
}

std::string list(const std::vector<Script>& scripts) {
  std::string text;
  for (const Script& script : scripts) {
    text += fmt::format("{:<7} {}\n", script.parsed.name, script.parsed.title);
    for (const std::string& wanted : wanted_lines(script.parsed)) text += fmt::format("{:<7} {}\n", "", wanted);
  }
  return text;
}

Json to_json(const std::vector<Outcome>& outcomes, const Options& options) {
  Json cases = Json::array();
  for (const Outcome& outcome : outcomes) cases.push_back(outcome_json(outcome));
  const bool passed = std::ranges::all_of(outcomes, [](const Outcome& outcome) { return outcome.passed(); });
  return {{"scenario", "field"},
          {"ledger", options.ledger == LedgerKind::kernel ? "kernel" : "streamed"},
          {"passed", passed},
          {"cases", std::move(cases)}};
}

}  // namespace uncork::lab::field
