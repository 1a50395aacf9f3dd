#include "report/verdict_json.hpp"

#include <string>
#include <utility>

#include "core/json.hpp"
#include "report/choices.hpp"

namespace uncork::report {

namespace {

/// What samples cannot tell is null, never a guess.
template <typename T>
core::Json if_seen(const stall::Verdict& v, T value) {
  return v.confidence == stall::Confidence::witnessed ? core::Json(std::move(value)) : core::Json();
}

core::Json late_json(const stall::Account& account) {
  core::Json by_cause = core::Json::object();
  for (const stall::Cause cause : stall::all_causes()) {
    if (!stall::is_stall(cause) || account.late(cause).writes == 0) continue;
    const stall::Late& late = account.late(cause);
    by_cause[std::string(stall::name(cause))] = {
        {"late_ms", core::to_ms(late.total)}, {"late_writes", late.writes}, {"late_worst_ms", core::to_ms(late.worst)}};
  }
  return by_cause;
}

}  // namespace

core::Json verdict_json(const stall::Verdict& v, std::string_view type) {
  core::Json budget = core::Json::object();
  for (const stall::Cause cause : stall::all_causes()) {
    budget[std::string(stall::name(cause))] = core::to_ms(v.account.budget[cause]);
  }
  core::Json json = {
      {"type", type},
      {"pid", v.where.process.pid},
      {"comm", v.where.process.command},
      {"local", core::to_string(v.where.local)},
      {"remote", core::to_string(v.where.remote)},
      {"netns", v.where.netns},
      {"wall_ms", core::to_ms(v.wall)},
      {"lost_ms", core::to_ms(v.lost)},
      {"lost_share", v.account.lost_share()},
      {"budget_ms", budget},
      {"late_ms", if_seen(v, core::to_ms(v.account.late().total))},
      {"late_writes", if_seen(v, v.account.late().writes)},
      {"late_worst_ms", if_seen(v, core::to_ms(v.account.late().worst))},
      {"late_by", if_seen(v, late_json(v.account))},
      {"cause", stall::name(v.cause)},
      {"fault", stall::name(v.fault)},
      {"exchanges", v.account.exchanges},
      {"holds", v.account.holds},
      {"spurious_probes", if_seen(v, v.account.spurious_probes)},
      {"writes", if_seen(v, v.account.writes)},
      {"writes_per_exchange", if_seen(v, v.account.writes_per_exchange())},
      {"bytes_per_write", if_seen(v, v.account.bytes_per_write())},
      {"nodelay", v.where.nodelay ? core::Json(*v.where.nodelay) : core::Json()},
      {"confidence", stall::name(v.confidence)},
      {"confidence_reason", stall::reason(v.confidence)},
      {"remedy", v.remedy.full},
      {"command", v.remedy.command},
      {"choices", choices_json(v.choices)},
  };
  if (v.where.peer) json["peer"] = {{"pid", v.where.peer->pid}, {"comm", v.where.peer->command}};
  return json;
}

std::string json_line(const core::Json& value) {
  // Only ASCII, since U+009B in a command name begins an escape sequence on some terminals.
  return value.dump(core::Json::Order::sorted, core::Json::Charset::ascii) + "\n";
}

}  // namespace uncork::report
