#include "lab/field/field.hpp"

#include <algorithm>
#include <utility>

#include "lab/field/case_parser.hpp"

extern const char* const kFieldCases[];  // tests/data/field, a null pointer at the end

namespace uncork::lab::field {
namespace {

bool keeps_all(const core::Error& error) {
  return error.code == core::ErrorCode::not_permitted || error.code == core::ErrorCode::not_supported;
}

core::Error stopped() { return {core::ErrorCode::system, 0, "stopped before the end"}; }

/// A case with a remedy, played again with it.
core::Status recover(const Script& script, Accounts& accounts, const Observer& observer, Outcome& outcome) {
  auto cured = play(script, Health::cured, accounts, observer.proceed);
  if (!cured) return core::fail(cured.error());
  outcome.recovery = compare(outcome.field_case, outcome.judgement, outcome.play, *cured);
  outcome.cured = std::move(*cured);
  return {};
}

core::Result<Outcome> run_one(const Script& script, const Options& options, Accounts& accounts, const Observer& observer) {
  Outcome outcome;
  outcome.field_case = script.parsed;
  auto played = play(script, Health::sick, accounts, observer.proceed);
  auto done = played ? core::Status() : core::fail(played.error());
  if (played) {
    outcome.play = std::move(*played);
    outcome.judgement = judge(outcome.field_case, outcome.play);
    if (options.recovered && !script.parsed.remedies.empty()) done = recover(script, accounts, observer, outcome);
  }
  if (!done) {
    if (!observer.proceed()) return core::fail(stopped());
    if (keeps_all(done.error())) return core::fail(done.error());
    outcome.trouble = done.error().message;
  }
  if (accounts.events_lost() != 0) outcome.trouble = "events were dropped: the machine is too busy to stream them all";
  return outcome;
}

}  // namespace

core::Result<Script> read_script(std::string text) {
  auto parsed = parse_case(text);
  if (!parsed) return core::fail(parsed.error());
  return Script{std::move(text), std::move(*parsed)};
}

core::Result<std::vector<Script>> built_in_cases() {
  std::vector<Script> scripts;
  for (const char* const* text = kFieldCases; *text != nullptr; ++text) {
    auto script = read_script(*text);
    if (!script)
      return core::fail({core::ErrorCode::internal, 0, std::string(*text).substr(0, 40) + ": " + script.error().message});
    scripts.push_back(std::move(*script));
  }
  return scripts;
}

bool Outcome::passed() const { return trouble.empty() && judgement.passed() && (!recovery || recovery->equal); }

core::Result<std::vector<Outcome>> run(const std::vector<Script>& scripts, const Options& options, Accounts& accounts,
                                       const Observer& observer) {
  std::vector<Outcome> outcomes;
  for (const Script& script : scripts) {
    observer.on_begin(script.parsed);
    auto outcome = run_one(script, options, accounts, observer);
    if (!outcome) return core::fail(outcome.error());
    observer.on_outcome(*outcome);
    outcomes.push_back(std::move(*outcome));
  }
  return outcomes;
}

}  // namespace uncork::lab::field
