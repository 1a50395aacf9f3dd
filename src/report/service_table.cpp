#include "report/service_table.hpp"

#include <fmt/format.h>

#include "core/count.hpp"
#include "core/duration.hpp"
#include "report/printable.hpp"
#include "report/table.hpp"

namespace uncork::report {
namespace {

std::string role_and_port(const stall::ServiceKey& key) {
  if (key.port == 0) return "-";
  return fmt::format("{} :{}", stall::name(key.role), key.port);
}

std::string program(const stall::Service& service) {
  if (service.others) return "(others)";
  return service.key.command.empty() ? "?" : printable(service.key.command);
}

/// Small rates keep their first digit.
std::string rate(double per_second) {
  return per_second < 10 ? fmt::format("{:.1f}", per_second) : fmt::format("{:.0f}", per_second);
}

std::string an_exchange(const stall::ServiceVerdict& v) {
  if (v.service.account.exchanges == 0) return core::to_string(v.lost);
  return core::to_string(v.lost / static_cast<std::int64_t>(v.service.account.exchanges));
}

std::string cause_text(const stall::ServiceVerdict& v) {
  if (v.matters) return std::string(stall::name(v.cause));
  return v.waits_for.empty() ? "-" : "waits for " + printable(v.waits_for);
}

std::string heading(const ServiceSummary& summary, const std::string& connections) {
  const std::string many = summary.groups == "process" ? "processes" : "";
  return fmt::format("uncork watch  {}  {}, {}{} losing time", core::to_string(summary.watched),
                     core::count_of(summary.services, summary.groups, many), connections, summary.losing);
}

}  // namespace

std::string service_text(const stall::Service& service) {
  if (service.others) return "(others)";
  return service.key.port == 0 ? program(service) : program(service) + " " + role_and_port(service.key);
}

std::string service_table(std::span<const ServiceLine> lines, const ServiceSummary& summary, std::size_t width, Color color) {
  std::string text = heading(summary, core::count_of(summary.connections, "connection") + ", ");
  if (text.size() > width) text = heading(summary, "");
  text += "\n\n";
  if (lines.empty()) return text + "Nothing has been said so far.\n";
  const bool services = summary.groups == "service";
  std::vector<Column> columns = {
      {"LOST/S", Align::right}, {"LOST/EX", Align::right}, {services ? "PROGRAM" : "GROUP", Align::left}};
  if (services) columns.push_back({"SERVICE", Align::left});
  for (const char* title : {"CONNS", "EX/S", "P50", "P99", "LATE"}) columns.push_back({title, Align::right});
  columns.push_back({"CAUSE", Align::left});
  columns.push_back({"REMEDY", Align::left});
  Table table(columns);
  for (const ServiceLine& line : lines) {
    const stall::ServiceVerdict& v = line.verdict;
    std::vector<std::string> cells = {fmt::format("{:.0f} ms", line.lost_ms_per_second), an_exchange(v), program(v.service)};
    if (services) cells.push_back(role_and_port(v.service.key));
    cells.push_back(std::to_string(v.service.connections));
    cells.push_back(rate(line.exchanges_per_second));
    cells.push_back(core::to_string(v.service.times.quantile(0.5)));
    cells.push_back(core::to_string(v.service.times.quantile(0.99)));
    cells.push_back(std::to_string(v.service.account.late().writes));
    cells.push_back(cause_text(v));
    cells.push_back(v.matters ? v.remedy.brief : "");
    table.add(cells);
  }
  const std::string body = table.render(width);
  if (color == Color::no) return text + body;
  const std::size_t title_end = body.find('\n');
  return text + "\x1b[1m" + body.substr(0, title_end) + "\x1b[0m" + body.substr(title_end);
}

}  // namespace uncork::report
