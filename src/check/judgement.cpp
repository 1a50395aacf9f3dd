#include "check/judgement.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace uncork::check {
namespace {

constexpr std::array kHolds = {stall::Cause::nagle_delayed_ack, stall::Cause::nagle_round_trip, stall::Cause::cork};

/// The account as if holds had cost all that was lost: the rest is taken for time on the wire.
stall::Account with_holds_alone(stall::Account account) {
  for (const stall::Cause cause : stall::all_causes()) {
    if (!stall::is_stall(cause) || std::ranges::find(kHolds, cause) != kHolds.end()) continue;
    account.budget[stall::Cause::network] += account.budget[cause];
    account.budget[cause] = core::Micros(0);
  }
  return account;
}

}  // namespace

Judgement judge(Service service, core::Micros limit, stall::Confidence confidence) {
  Judgement judgement;
  const stall::Account held = with_holds_alone(service.account);
  const auto exchanges = static_cast<std::int64_t>(std::max<std::uint64_t>(held.exchanges, 1));
  judgement.an_exchange = held.budget.lost() / exchanges;
  judgement.failed = judgement.an_exchange > limit && stall::matters(held, stall::Threshold{});
  judgement.verdict = stall::conclude(service.worst, judgement.failed ? held : service.account, confidence);
  // The process has ended, or ends now: there is nothing left to run a command on.
  judgement.verdict.remedy.command.clear();
  for (stall::Choice& choice : judgement.verdict.choices) {
    if (choice.command.starts_with("uncork cure")) choice.command.clear();
  }
  judgement.service = std::move(service);
  return judgement;
}

}  // namespace uncork::check
