#include "cli/zino/view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <set>
#include <string_view>

#include "core/count.hpp"
#include "report/printable.hpp"
#include "report/table.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::cli {
namespace {

constexpr std::size_t kNameWidth = 13;

// Chapter 2 of the protocol's reference: what clients read as integers.
bool is_time(std::string_view name) { return name == "opened" || name == "updated" || name == "closed" || name == "lasttrans"; }

bool is_duration(std::string_view name) { return name == "ac-down" || name == "peer-uptime"; }

bool is_number(std::string_view name) {
  static const std::set<std::string_view> kNumbers = {"id",        "priority",    "flaps",       "ac-down", "ifindex",
                                                      "remote-AS", "peer-uptime", "alarm-count", "bfdIx",   "bfdDiscr"};
  return is_time(name) || kNumbers.contains(name);
}

std::optional<std::int64_t> number_of(const zino::Attributes& attributes, std::string_view name) {
  return zino::to_int64(zino::value_of(attributes, name));
}

/// How long ago, or nothing if that is not known.
std::string since(const zino::Attributes& attributes, std::string_view name, std::int64_t now) {
  const auto at = number_of(attributes, name);
  return at ? duration_words(now - *at) : "";
}

std::string value_words(const std::string& name, const std::string& value) {
  const auto number = is_time(name) || is_duration(name) ? zino::to_int64(value) : std::nullopt;
  if (!number) return report::printable(value);
  return is_time(name) ? local_time(*number) : duration_words(*number);
}

}  // namespace

std::string duration_words(std::int64_t seconds) {
  const std::int64_t all = std::max<std::int64_t>(seconds, 0);
  if (all < 60) return fmt::format("{}s", all);
  if (all < 3600) return fmt::format("{}m {}s", all / 60, all % 60);
  if (all < 86400) return fmt::format("{}h {}m", all / 3600, all % 3600 / 60);
  return fmt::format("{}d {}h", all / 86400, all % 86400 / 3600);
}

std::string local_time(std::int64_t unix_seconds) {
  const std::time_t time = unix_seconds;
  std::tm parts{};
  if (::localtime_r(&time, &parts) == nullptr) return std::to_string(unix_seconds);
  std::array<char, 128> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%F %T %Z", &parts)};
}

std::string case_table(const std::vector<zino::Attributes>& cases, std::int64_t now, std::size_t width) {
  if (cases.empty()) return "no cases\n";
  std::vector<const zino::Attributes*> order;
  for (const zino::Attributes& one : cases) order.push_back(&one);
  std::ranges::sort(order, {}, [](const zino::Attributes* one) {
    const auto need = std::ranges::find(kCaseStates, zino::value_of(*one, "state")) - kCaseStates.begin();
    return std::tuple(need, -number_of(*one, "updated").value_or(0), one);  // the last keeps the server's order between equals
  });
  report::Table table({{"ID", report::Align::right, 4},
                       {"STATE"},
                       {"UPDATED", report::Align::right},
                       {"OPENED", report::Align::right},
                       {"TYPE"},
                       {"ROUTER"},
                       {"WHAT"}});
  for (const zino::Attributes* one : order) {
    table.add({zino::value_of(*one, "id"), zino::value_of(*one, "state"), since(*one, "updated", now), since(*one, "opened", now),
               zino::value_of(*one, "type"), zino::value_of(*one, "router"), zino::case_summary(*one)});
  }
  return table.render(width, report::Fit::wrap) +
         fmt::format("{}, sorted by state (those that need attention first), then by UPDATED; times say how long ago\n",
                     core::count_of(cases.size(), "case"));
}

std::string attribute_lines(const zino::Attributes& attributes) {
  std::string lines;
  for (const auto& [name, value] : attributes) {
    lines += fmt::format("{:<{}} {}\n", report::printable(name), kNameWidth, value_words(name, value));
  }
  return lines;
}

std::string entry_lines(const std::vector<zino::Entry>& entries) {
  std::string lines;
  for (const zino::Entry& entry : entries) {
    std::string before = local_time(entry.at);
    std::string_view text = entry.text;
    for (bool more = true; more;) {
      const std::size_t end = text.find('\n');
      more = end != std::string_view::npos;
      lines += fmt::format("{}  {}\n", before, report::printable(text.substr(0, end)));
      before.assign(before.size(), ' ');
      if (more) text.remove_prefix(end + 1);
    }
  }
  return lines;
}

std::string maintenance_table(const std::vector<zino::Maintenance>& maintenances, std::size_t width) {
  report::Table table({{"ID", report::Align::right, 4}, {"FROM"}, {"TO"}, {"TYPE"}, {"MATCH"}, {"DEVICE"}, {"EXPRESSION"}});
  for (const zino::Maintenance& one : maintenances) {
    table.add(
        {std::to_string(one.id), local_time(one.from), local_time(one.to), one.type, one.match_type, one.device, one.expression});
  }
  return table.render(width, report::Fit::wrap);
}

core::Json to_json(const zino::Attributes& attributes) {
  core::Json json = core::Json::object();
  for (const auto& [name, value] : attributes) {
    const auto number = is_number(name) ? zino::to_int64(value) : std::nullopt;
    json[name] = number ? core::Json(*number) : core::Json(value);
  }
  return json;
}

core::Json to_json(const std::vector<zino::Entry>& entries) {
  core::Json json = core::Json::array();
  for (const zino::Entry& entry : entries) json.push_back({{"at", entry.at}, {"text", entry.text}});
  return json;
}

core::Json to_json(const zino::Maintenance& of) {
  core::Json json = {{"id", of.id},
                     {"from", of.from},
                     {"to", of.to},
                     {"type", of.type},
                     {"match_type", of.match_type},
                     {"expression", of.expression}};
  if (!of.device.empty()) json["device"] = of.device;
  return json;
}

std::string dump(const core::Json& document) { return document.dump(); }

}  // namespace uncork::cli
