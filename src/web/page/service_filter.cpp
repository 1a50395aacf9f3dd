#include "web/page/service_filter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "filter/parse.hpp"
#include "record/row.hpp"

namespace uncork::web {
namespace {

using record::Block;

constexpr std::array<std::string_view, 11> kKnown = {"comm", "netns", "container", "port",  "sport", "dport",
                                                     "lost", "late",  "cause",     "holds", "writes"};
constexpr std::array<std::string_view, 3> kSchemaNames = {"command", "container_name", "exchanges"};

/// The first field that services do not have; null: none.
const filter::Field* unknown_field(const filter::Node& node) {
  if (node.kind == filter::Node::Kind::in_states) return filter::find_field("state");
  if (node.field != nullptr && std::ranges::find(kKnown, node.field->name) == kKnown.end() &&
      std::ranges::find(kSchemaNames, node.field->name) == kSchemaNames.end())
    return node.field;
  for (const filter::Node& child : node.children) {
    if (const auto* found = unknown_field(child)) return found;
  }
  return nullptr;
}

}  // namespace

core::Error filter_error(const core::Error& error) {
  core::Error said = error;
  said.message = "filter: " + error.message;
  return said;
}

core::Result<ServiceFilter> ServiceFilter::compile(std::string_view text) {
  const auto tree = filter::parse(text);
  if (!tree) return core::fail(filter_error(tree.error()));
  if (const auto* field = unknown_field(*tree)) {
    return core::fail(core::invalid_argument(fmt::format(
        "filter: a service has no '{}', but {}; its connections have every field", field->name, fmt::join(kKnown, ", "))));
  }
  auto filter = filter::Filter::compile(*tree);
  if (!filter) return core::fail(filter_error(filter.error()));
  return ServiceFilter(std::move(*filter));
}

bool ServiceFilter::matches(const report::TopLine& line) {
  if (filter_.takes_all()) return true;
  const stall::Service& service = line.verdict.service;
  record::Row row{};
  row.command = texts_.keep(service.key.command);
  row.netns = texts_.keep(service.key.netns);
  row.container_name = texts_.keep(line.container);
  // The port of a server is its own; the other end's are many.
  if (service.key.role != stall::Role::requester) row.inet_diag_msg_socket_source_port = service.key.port;
  if (service.key.role != stall::Role::responder) row.inet_diag_msg_socket_destination_port = service.key.port;
  for (std::size_t i = 0; i < row.lost_us.size(); ++i) {
    const auto lost = service.account.budget[static_cast<stall::Cause>(i)].count();
    row.lost_us.at(i) = static_cast<std::uint64_t>(std::max<std::int64_t>(lost, 0));
    row.late_us.at(i) = static_cast<std::uint64_t>(std::max<std::int64_t>(service.account.late_by.at(i).total.count(), 0));
  }
  // A filter takes the cause with the greatest loss; where single connections are accused, theirs is another.
  const auto most = std::ranges::max_element(row.lost_us);
  if (stall::is_stall(line.verdict.cause)) std::swap(*most, row.lost_us.at(static_cast<std::size_t>(line.verdict.cause)));
  row.holds = service.account.holds;
  row.writes = service.account.writes;
  row.exchanges = service.account.exchanges;
  row.blocks |= Block::ledger | Block::exchanges;
  const bool matches = filter_.matches(row);
  if (texts_.wants_sweep()) texts_.sweep();
  return matches;
}

}  // namespace uncork::web
