#include "report/service_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/choices.hpp"
#include "report/printable.hpp"
#include "report/service_table.hpp"
#include "report/verdict_json.hpp"
#include "report/verdict_words.hpp"

namespace uncork::report {
namespace {

constexpr std::size_t kMostPids = 8;

/// `pid 4711`, `20 processes, pids 4711, 4712, ...`.
std::string workers_text(const stall::Service& service) {
  const std::size_t count = service.workers.size();
  if (count == 0) return "";
  std::string pids;
  for (std::size_t i = 0; i < std::min(count, kMostPids); ++i) {
    const stall::Worker& worker = service.workers[i];
    pids +=
        (i == 0 ? "" : ", ") + (worker.pid != 0 ? std::to_string(worker.pid) : std::to_string(worker.host_pid) + " on the host");
  }
  if (count == 1) return " (pid " + pids + ")";
  return fmt::format(" ({} processes, pids {}{})", count, pids, count > kMostPids ? ", ..." : "");
}

std::string where(const stall::ServiceVerdict& v) {
  const stall::Service& service = v.service;
  std::string text = service_text(service) + workers_text(service);
  if (!v.peer.empty())
    text += (service.key.role == stall::Role::responder ? ", asked by " : ", answered by ") + printable(v.peer);
  if (!service.container.empty()) text += " in container " + printable(service.container);
  if (!service.key.netns.empty()) text += " in " + printable(service.key.netns);
  text += fmt::format("; {}", core::count_of(service.connections, "connection"));
  if (service.open != service.connections) text += fmt::format(", {} open", service.open);
  if (service.worst && service.worst->lost.count() > 0 && service.connections > 1) {
    text +=
        fmt::format("; {} lost most: {}", core::to_string(service.worst->local) + " -> " + core::to_string(service.worst->remote),
                    core::to_string(service.worst->lost));
  }
  return text;
}

std::string evidence(const stall::ServiceVerdict& v) {
  const stall::Service& service = v.service;
  std::string text = pattern_text(service.account);
  if (v.concentrated) text = "nearly all lost " + *v.concentrated + "; " + text;
  if (service.times.count() != 0)
    text += fmt::format("; half of the exchanges within {}, 99 % within {}", core::to_string(service.times.quantile(0.5)),
                        core::to_string(service.times.quantile(0.99)));
  if (v.confidence == stall::Confidence::witnessed && service.connections != 0) {
    text += service.nodelay == 0                     ? "; TCP_NODELAY off"
            : service.nodelay == service.connections ? "; TCP_NODELAY on"
                                                     : fmt::format("; TCP_NODELAY on {} of the connections", service.nodelay);
  }
  return text;
}

core::Json parts_json(const stall::Parts& parts, bool sizes) {
  core::Json json = core::Json::array();
  for (std::size_t row = 0; row < parts.size(); ++row) {
    if (parts[row].exchanges == 0 && parts[row].lost.count() == 0) continue;
    core::Json one = {{"exchanges", parts[row].exchanges}, {"lost_ms", core::to_ms(parts[row].lost)}};
    if (sizes) {
      one["from_bytes"] = row == 0 ? std::uint64_t{0} : std::uint64_t{1} << row;
    } else {
      one["place"] = row == 0 ? "first" : row == 1 ? "second" : "later";
    }
    json.push_back(one);
  }
  return json;
}

core::Json way_json(const stall::Way& way) {
  core::Json json = core::Json::array();
  for (const stall::Hop& hop : way) json.push_back({{"comm", hop.command}, {"pid", hop.pid}, {"holds", hop.holds}});
  return json;
}

core::Json workers_json(const stall::Service& service) {
  core::Json json = core::Json::array();
  for (const stall::Worker& worker : service.workers) {
    json.push_back({{"pid", worker.pid},
                    {"host_pid", worker.host_pid},
                    {"connections", worker.connections},
                    {"lost_ms", core::to_ms(worker.lost)},
                    {"alive", worker.alive}});
  }
  return json;
}

}  // namespace

std::string service_verdict_text(const stall::ServiceVerdict& v) {
  std::string remedy = v.remedy.full.empty() ? "none needed" : printable(v.remedy.full);
  if (!v.remedy.command.empty()) remedy += " Now: " + v.remedy.command;
  const std::string way = v.way.empty() ? "" : "way       " + printable(stall::to_string(v.way)) + "\n";
  return fmt::format("what      {}\nwhere     {}\n{}evidence  {}\ncost      {}\n{}remedy    {}\n{}",
                     what_text(v.cause, v.fault, v.confidence), where(v), way, evidence(v), cost_text(v.service.account, v.cause),
                     late_line(v.service.account), remedy, choice_lines(v.choices, v.service.account, v.remedy.command));
}

core::Json service_verdict_json(const stall::ServiceVerdict& v, std::string_view type) {
  const stall::Service& service = v.service;
  // The account, and what a verdict says of any, are written in one place.
  stall::Verdict shared;
  shared.account = service.account;
  shared.wall = service.account.budget.total();
  shared.lost = v.lost;
  shared.cause = v.cause;
  shared.fault = v.fault;
  shared.confidence = v.confidence;
  shared.remedy = v.remedy;
  shared.choices = v.choices;
  core::Json json = verdict_json(shared, type);
  json.erase("local");
  json.erase("remote");
  json["pid"] = service.workers.empty() ? 0 : service.workers.front().pid;
  json["nodelay"] =
      service.nodelay == 0 || service.nodelay == service.connections ? core::Json(service.nodelay != 0) : core::Json();
  if (v.confidence != stall::Confidence::witnessed) json["nodelay"] = nullptr;
  json["comm"] = service.key.command;
  json["netns"] = service.key.netns;
  json["container"] = service.container;
  json["others"] = service.others;
  json["role"] = stall::name(service.key.role);
  json["port"] = service.key.port;
  json["connections"] = service.connections;
  json["open"] = service.open;
  json["losers"] = service.losers;
  json["nodelay_connections"] = service.nodelay;
  json["short_lived"] = service.is_short_lived();
  json["p50_ms"] = core::to_ms(service.times.quantile(0.5));
  json["p99_ms"] = core::to_ms(service.times.quantile(0.99));
  json["by_place"] = parts_json(service.by_place, false);
  json["by_request_bytes"] = parts_json(service.by_request, true);
  json["by_answer_bytes"] = parts_json(service.by_answer, true);
  json["concentrated"] = v.concentrated ? core::Json(*v.concentrated) : core::Json();
  json["workers"] = workers_json(service);
  json["peer_comm"] = v.peer;
  json["way"] = way_json(v.way);
  json["waits_for"] = v.waits_for;
  json["matters"] = v.matters;
  if (service.worst && service.worst->lost.count() > 0) {
    json["worst"] = {{"local", core::to_string(service.worst->local)},
                     {"remote", core::to_string(service.worst->remote)},
                     {"lost_ms", core::to_ms(service.worst->lost)}};
  }
  return json;
}

}  // namespace uncork::report
