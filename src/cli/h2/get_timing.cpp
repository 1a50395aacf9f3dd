#include "cli/h2/get_timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/table.hpp"
#include "report/verdict_json.hpp"
#include "report/verdict_text.hpp"

namespace uncork::cli {
namespace {

/// The connections that requests were made on, each once: this end's address, then the server's.
std::set<std::pair<core::Endpoint, core::Endpoint>> connections_of(const std::vector<web::Fetched>& all) {
  std::set<std::pair<core::Endpoint, core::Endpoint>> found;
  for (const web::Fetched& one : all) {
    if (one.local.port != 0) found.emplace(core::unmapped(one.local), core::unmapped(one.remote));
  }
  return found;
}

std::string step(const std::optional<web::ConnectionSteps>& made, core::Micros web::ConnectionSteps::* which) {
  if (!made || (*made).*which == core::Micros(0)) return "-";
  return core::to_string((*made).*which);
}

}  // namespace

std::string timing_table(const std::vector<std::string>& urls, const std::vector<web::Fetched>& all, std::size_t width) {
  using report::Align;
  report::Table table({{"STATUS", Align::right},
                       {"BYTES", Align::right},
                       {"NAME", Align::right},
                       {"TCP", Align::right},
                       {"TLS", Align::right},
                       {"WAITED", Align::right},
                       {"ANSWER", Align::right},
                       {"BODY", Align::right},
                       {"TOTAL", Align::right},
                       {"URL"}});
  for (const web::Fetched& one : all) {
    table.add({one.status == 0 ? "-" : std::to_string(one.status), std::to_string(one.bytes),
               step(one.made, &web::ConnectionSteps::name), step(one.made, &web::ConnectionSteps::tcp),
               step(one.made, &web::ConnectionSteps::tls), core::to_string(one.waited), core::to_string(one.answer),
               core::to_string(one.body), core::to_string(one.total()), urls[one.index]});
  }
  return table.render(width);
}

core::Json timing_json(const web::Fetched& one) {
  core::Json timing = {{"waited_ms", core::to_ms(one.waited)},
                       {"answer_ms", core::to_ms(one.answer)},
                       {"body_ms", core::to_ms(one.body)},
                       {"total_ms", core::to_ms(one.total())}};
  if (one.made) {
    timing["name_ms"] = core::to_ms(one.made->name);
    timing["tcp_ms"] = core::to_ms(one.made->tcp);
    timing["tls_ms"] = core::to_ms(one.made->tls);
  }
  return timing;
}

GetLedger::GetLedger(probe::OpenedSource opened) : opened_(std::move(opened)), board_({}, opened_.source->confidence()) {}

core::Result<GetLedger> GetLedger::begin() {
  auto opened = probe::open_source({});
  if (!opened) return core::fail(opened.error());
  GetLedger ledger(std::move(*opened));
  if (const auto looked = ledger.look(); !looked) return core::fail(looked.error());
  return ledger;
}

core::Status GetLedger::look() {
  auto rows = opened_.source->poll();
  if (!rows) return core::fail(rows.error());
  board_.update(std::move(*rows), core::MonotonicClock::now());
  return {};
}

std::vector<probe::ConnectionBoard::Line> GetLedger::lines(const std::vector<web::Fetched>& all) const {
  const auto ours = connections_of(all);
  std::vector<probe::ConnectionBoard::Line> found;
  for (auto& line : board_.lines({}, probe::ConnectionBoard::Show::all)) {
    const auto local = core::unmapped(line.verdict.where.local);
    const auto remote = core::unmapped(line.verdict.where.remote);
    if (ours.contains({local, remote}) || ours.contains({remote, local})) found.push_back(std::move(line));
  }
  return found;
}

std::string GetLedger::text(const std::vector<web::Fetched>& all) const {
  const std::string how = opened_.why_sampled.empty() ? "" : " (sampled, not witnessed: " + opened_.why_sampled + ")";
  std::string text;
  for (const auto& line : lines(all)) {
    if (line.matters) text += report::verdict_text(line.verdict) + "\n";
  }
  if (!text.empty()) return text + (how.empty() ? "" : "Sampled" + how + "\n");
  return fmt::format("Nothing that matters was lost on {}{}.\n", core::count_of(connections_of(all).size(), "connection"), how);
}

core::Json GetLedger::json(const std::vector<web::Fetched>& all) const {
  core::Json document = {{"type", "connections"},
                         {"connections", connections_of(all).size()},
                         {"confidence", stall::name(opened_.source->confidence())},
                         {"verdicts", core::Json::array()}};
  for (const auto& line : lines(all)) {
    core::Json verdict = report::verdict_json(line.verdict);
    verdict["matters"] = line.matters;
    document["verdicts"].push_back(std::move(verdict));
  }
  return document;
}

}  // namespace uncork::cli
