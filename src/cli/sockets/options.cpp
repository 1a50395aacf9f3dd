#include "cli/sockets/options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "cli/filter_text.hpp"
#include "core/nearest.hpp"
#include "report/printable.hpp"

namespace uncork::cli {
namespace {

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream stream(list);
  for (std::string part; std::getline(stream, part, ',');) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

/// `a,b` as the filter's `state a state b`.
std::string as_state_words(const std::string& list) {
  std::string words;
  for (const std::string& state : split(list)) words += "state " + state + " ";
  return words;
}

core::Result<filter::Node> filter_of(const SocketsOptions& options) {
  std::string words;
  for (const std::string& word : options.words) words += (words.empty() ? "" : " ") + word;
  const std::pair<std::string, std::string> parts[] = {
      {"--state", as_state_words(options.states)}, {"--filter", options.filter}, {"filter", words}};
  filter::Node all;
  all.kind = filter::Node::Kind::all_of;
  for (const auto& [what, text] : parts) {
    auto tree = read_filter(what, text);
    if (!tree) return core::fail(tree.error());
    if (tree->kind != filter::Node::Kind::everything) all.children.push_back(std::move(*tree));
  }
  return all.children.empty() ? filter::Node() : all;
}

core::Error no_column(const std::string& option, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& help : report::socket_column_help()) names.push_back(help.name);
  for (const filter::Field& field : filter::fields()) names.emplace_back(field.name);
  const std::string near = core::nearest(name, names);
  return core::invalid_argument(
      fmt::format("{} '{}': no such field; {}", option, report::printable(name.substr(0, 40)),
                  near.empty() ? "'uncork sockets --columns help' lists them" : "did you mean '" + near + "'?"));
}

core::Result<std::vector<std::string>> columns_of(const SocketsOptions& options) {
  std::vector<std::string> columns = split(options.columns);
  for (const std::string& name : columns) {
    if (!report::socket_column(name)) return core::fail(no_column("--columns", name));
  }
  return columns;
}

probe::WhichNamespaces namespaces_of(const SocketsOptions& options) {
  std::vector<std::string> names;
  for (const std::string& given : options.netns) {
    for (std::string& name : split(given)) names.push_back(std::move(name));
  }
  return probe::namespaces_called(std::move(names));
}

core::Status check_together(const SocketsOptions& options) {
  const auto refuse = [](const char* sentence) { return core::fail(core::invalid_argument(sentence)); };
  const bool repeats = options.follow || !options.replay.empty();
  if (options.duration && !options.follow) return refuse("--for: only with --follow, which it ends");
  if (options.changed_only && !repeats)
    return refuse("--changed-only: only with --follow or --replay: one look has none before it");
  if (options.deltas && !repeats) return refuse("--deltas: only with --follow or --replay: one look has none before it");
  if (!options.replay.empty() && !options.record.empty()) return refuse("--record and --replay: one of the two");
  if (!options.replay.empty() && options.follow) return refuse("--replay shows every look of the capture: without --follow");
  if (options.json && options.format != RowFormat::table) return refuse("--json and --format: one of the two");
  return {};
}

}  // namespace

core::Result<SocketsPlan> plan_of(const SocketsOptions& options) {
  if (auto together = check_together(options); !together) return core::fail(together.error());
  auto tree = filter_of(options);
  if (!tree) return core::fail(tree.error());
  auto filter = filter::Filter::compile(*tree);
  if (!filter) return core::fail(filter.error());
  auto columns = columns_of(options);
  if (!columns) return core::fail(columns.error());
  const bool for_people = options.format == RowFormat::table && !options.json;
  SocketsPlan plan{std::move(*filter), for_people && !filter::mentions_state(*tree), std::move(*columns), nullptr, {}};
  if (!options.sort.empty()) {
    plan.sort = filter::find_field(options.sort);
    if (plan.sort == nullptr) return core::fail(no_column("--sort", options.sort));
  }
  plan.look.namespaces = namespaces_of(options);
  plan.look.bpf = options.bpf;
  plan.look.close_events = options.follow.has_value();
  plan.look.record_to = options.record;
  return plan;
}

}  // namespace uncork::cli
