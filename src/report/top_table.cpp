#include "report/top_table.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/fold.hpp"
#include "report/service_table.hpp"
#include "report/table.hpp"

namespace uncork::report {
namespace {

std::string a_time(core::Micros time, std::uint64_t of) { return of == 0 ? "-" : core::to_string(time); }

core::Micros an_exchange(const stall::ServiceVerdict& v) {
  const auto exchanges = static_cast<std::int64_t>(v.service.account.exchanges);
  return exchanges == 0 ? core::Micros(0) : v.lost / exchanges;
}

core::Json ms_or_null(core::Micros time, std::uint64_t of) { return of == 0 ? core::Json() : core::Json(core::to_ms(time)); }

}  // namespace

Trend trend_of(core::Micros first_half, core::Micros second_half) {
  const auto first = first_half.count();
  const auto second = second_half.count();
  if (first <= 0 && second <= 0) return Trend::none;
  if (first <= 0) return Trend::began;
  if (second <= 0) return Trend::over;
  if (second * 2 >= first * 3) return Trend::rises;
  return first * 2 >= second * 3 ? Trend::falls : Trend::steady;
}

std::string_view name(Trend trend) {
  static constexpr std::array<std::string_view, 6> kNames = {"-", "new", "rising", "steady", "falling", "over"};
  return kNames.at(static_cast<std::size_t>(trend));
}

std::string top_table(std::span<const TopLine> lines, const TopSummary& summary, std::size_t width, Color color) {
  const std::string many = summary.groups == "process" ? "processes" : "";
  const std::string heading = fmt::format("uncork top  {}  {}, {} losing time\n", summary.span,
                                          core::count_of(summary.all, summary.groups, many), summary.losing);
  const std::string text = fold(heading, width) + "\n";
  const bool services = summary.groups == "service";
  std::vector<Column> columns = {
      {"LOST", Align::right}, {"LOST/EX", Align::right}, {services ? "SERVICE" : "GROUP", Align::left}};
  if (services) columns.push_back({"CONTAINER", Align::left});
  for (const char* title : {"EXCHANGES", "P50", "P99"}) columns.push_back({title, Align::right});
  for (const char* title : {"TREND", "CAUSE", "REMEDY"}) columns.push_back({title, Align::left});
  Table table(columns);
  for (const TopLine& line : lines) {
    const stall::ServiceVerdict& v = line.verdict;
    const std::uint64_t exchanges = v.service.account.exchanges;
    const std::uint64_t timed = v.service.times.count();
    std::vector<std::string> cells = {core::to_string(v.lost), a_time(an_exchange(v), exchanges), service_text(v.service)};
    if (services) cells.push_back(line.container.empty() ? "-" : line.container);
    cells.push_back(std::to_string(exchanges));
    cells.push_back(a_time(v.service.times.quantile(0.5), timed));
    cells.push_back(a_time(v.service.times.quantile(0.99), timed));
    cells.emplace_back(name(line.trend));
    cells.emplace_back(v.matters ? stall::name(v.cause) : "-");
    cells.push_back(v.matters ? v.remedy.brief : "");
    table.add(std::move(cells));
  }
  const std::string body = table.render(width);
  if (color == Color::no) return text + body;
  const std::size_t title_end = body.find('\n');
  return text + "\x1b[1m" + body.substr(0, title_end) + "\x1b[0m" + body.substr(title_end);
}

core::Json top_json(const TopLine& line, std::string_view groups) {
  const stall::ServiceVerdict& v = line.verdict;
  const stall::Service& service = v.service;
  core::Json budget = core::Json::object();
  for (const stall::Cause cause : stall::all_causes()) budget[stall::name(cause)] = core::to_ms(service.account.budget[cause]);
  core::Json json = {{"group", service_text(service)},
                     {"container", line.container},
                     {"others", service.others},
                     {"lost_ms", core::to_ms(v.lost)},
                     {"lost_share", service.account.lost_share()},
                     {"lost_an_exchange_ms", ms_or_null(an_exchange(v), service.account.exchanges)},
                     {"budget_ms", budget},
                     {"exchanges", service.account.exchanges},
                     {"connections", service.connections},
                     {"late_writes", service.account.late().writes},
                     {"late_ms", core::to_ms(service.account.late().total)},
                     {"p50_ms", ms_or_null(service.times.quantile(0.5), service.times.count())},
                     {"p99_ms", ms_or_null(service.times.quantile(0.99), service.times.count())},
                     {"trend", name(line.trend)},
                     {"matters", v.matters},
                     {"cause", stall::name(v.cause)},
                     {"fault", stall::name(v.fault)},
                     {"confidence", stall::name(v.confidence)},
                     {"remedy", v.remedy.full}};
  if (groups == "service") {
    json["comm"] = service.key.command;
    json["role"] = stall::name(service.key.role);
    json["port"] = service.key.port;
    json["netns"] = service.key.netns;
  }
  return json;
}

}  // namespace uncork::report
