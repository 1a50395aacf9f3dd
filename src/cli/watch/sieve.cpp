#include "cli/watch/sieve.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "cli/watch/filter_row.hpp"
#include "cli/watch/process_cgroup.hpp"
#include "report/printable.hpp"

namespace uncork::cli {
namespace {

bool mentions_cgroup(const filter::Node& node) {
  if (node.field != nullptr && (node.field->name == "cgroup" || node.field->name == "container")) return true;
  return std::ranges::any_of(node.children, mentions_cgroup);
}

}  // namespace

core::Result<Sieve> Sieve::make(const Choice& choice) {
  Sieve sieve;
  auto connection = filter::Filter::compile(choice.connection);
  if (!connection) return core::fail(connection.error());
  auto line = filter::Filter::compile(choice.line);
  if (!line) return core::fail(line.error());
  sieve.connection_ = std::move(*connection);
  sieve.line_ = std::move(*line);
  sieve.connection_side_ = choice.connection_side;
  sieve.line_side_ = choice.line_side;
  sieve.cgroup_ = choice.connection_cgroup;
  sieve.asks_cgroup_ = mentions_cgroup(choice.connection) || !sieve.cgroup_.empty();
  return sieve;
}

bool Sieve::holds_for(const probe::ConnectionRow& row) {
  if (connection_side_ && row.role != *connection_side_) return false;
  if (connection_.takes_all() && cgroup_.empty()) return true;
  record::Row asked = filter_row(row, texts_);
  if (asks_cgroup_) add_cgroup(asked, texts_);
  const bool holds =
      (cgroup_.empty() || is_in_cgroup(std::string(asked.cgroup_path.view()), cgroup_)) && connection_.matches(asked);
  if (texts_.wants_sweep()) texts_.sweep();  // rows do not outlive this
  return holds;
}

bool Sieve::admits(const probe::ConnectionRow& row) {
  if (holds_for(row)) return true;
  if (turned_away_.size() < kMostNames) turned_away_.insert(row.where.process.command);
  return false;
}

bool Sieve::passes(const stall::ServiceVerdict& verdict) {
  if (line_side_ && verdict.service.key.role != *line_side_) return false;
  if (line_.takes_all()) return true;
  const bool holds = line_.matches(filter_row(verdict, texts_));
  if (texts_.wants_sweep()) texts_.sweep();
  return holds;
}

bool Sieve::passes(const stall::Verdict& verdict) {
  if (line_.takes_all()) return true;
  const bool holds = line_.matches(filter_row(verdict, texts_));
  if (texts_.wants_sweep()) texts_.sweep();
  return holds;
}

std::string Sieve::turned_away() const {
  std::vector<std::string> names;
  for (const std::string& name : turned_away_)
    names.push_back(name.empty() ? "programs that are not known" : report::printable(name));
  return fmt::format("{}{}", fmt::join(names, ", "), names.size() == kMostNames ? ", ..." : "");
}

}  // namespace uncork::cli
