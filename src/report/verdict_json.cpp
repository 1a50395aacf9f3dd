#include "report/verdict_json.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace uncork::report {

nlohmann::json verdict_json(const stall::Verdict& v, const char* type) {
  nlohmann::json budget = nlohmann::json::object();
  for (const stall::Cause cause : stall::all_causes()) {
    budget[std::string(stall::name(cause))] = core::to_ms(v.account.budget[cause]);
  }
  nlohmann::json json = {
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
      {"cause", stall::name(v.cause)},
      {"exchanges", v.account.exchanges},
      {"holds", v.account.holds},
      {"writes", v.account.writes},
      {"writes_per_exchange", v.account.writes_per_exchange()},
      {"bytes_per_write", v.account.bytes_per_write()},
      {"nodelay", v.where.nodelay},
      {"confidence", stall::name(v.confidence)},
      {"remedy", v.remedy.full},
      {"command", v.remedy.command},
  };
  if (v.where.peer) json["peer"] = {{"pid", v.where.peer->pid}, {"comm", v.where.peer->command}};
  return json;
}

std::string json_line(const nlohmann::json& value) {
  // Only ASCII, since U+009B in a command name begins an escape sequence on some terminals.
  return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace uncork::report
