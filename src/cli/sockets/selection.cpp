#include "cli/sockets/selection.hpp"

#include <algorithm>
#include <compare>
#include <map>
#include <tuple>

namespace uncork::cli {
namespace {

using record::Row;

constexpr std::uint32_t kTimeWait = 6;

/// Connections first, then listeners, then what has ended.
int rank(const Row& row) {
  constexpr std::uint32_t kEstablished = 1;
  constexpr std::uint32_t kListen = 10;
  if (row.row_kind != record::RowKind::socket) return 4;
  if (row.inet_diag_msg_state == kEstablished) return 0;
  if (row.inet_diag_msg_state == kListen) return 2;
  return row.inet_diag_msg_state == kTimeWait ? 3 : 1;
}

auto usual_order(const Row& row) {
  return std::tuple(rank(row), row.netns.view(), row.netns_inode, row.inet_diag_msg_socket_source_port,
                    row.inet_diag_msg_socket_source, row.inet_diag_msg_socket_destination_port,
                    row.inet_diag_msg_socket_destination, row.inet_diag_msg_socket_cookie);
}

/// Most first for what counts something, else from a to z; what is unknown is last, whichever way round.
std::strong_ordering order_by(const Row& a, const Row& b, const filter::Field& field, bool reverse) {
  const filter::Values left = field.values(a);
  const filter::Values right = field.values(b);
  if (!left.known() || !right.known()) return right.known() <=> left.known();
  std::strong_ordering order = std::strong_ordering::equal;
  using Kind = filter::Field::Kind;
  if (field.kind == Kind::text) {
    order = left.first().text <=> right.first().text;
  } else if (field.kind == Kind::address) {
    order = field.of_peer ? a.inet_diag_msg_socket_destination <=> b.inet_diag_msg_socket_destination
                          : a.inet_diag_msg_socket_source <=> b.inet_diag_msg_socket_source;
  } else {
    order = left.first().number <=> right.first().number;
    if (field.kind == Kind::number || field.kind == Kind::flag) order = 0 <=> order;
  }
  return reverse ? 0 <=> order : order;
}

}  // namespace

void Selection::sort(std::vector<report::SocketLine>& lines) const {
  std::ranges::sort(lines, [&](const report::SocketLine& a, const report::SocketLine& b) {
    if (plan_.sort == nullptr) {
      return options_.reverse ? usual_order(*b.row) < usual_order(*a.row) : usual_order(*a.row) < usual_order(*b.row);
    }
    const auto order = order_by(*a.row, *b.row, *plan_.sort, options_.reverse);
    return order != 0 ? order < 0 : usual_order(*a.row) < usual_order(*b.row);
  });
}

Selected Selection::choose(const probe::Look& look) {
  Selected selected;
  const bool repeats = options_.follow || !options_.replay.empty();
  const bool is_table = options_.format == RowFormat::table && !options_.json;
  const bool compares = repeats && (is_table || options_.deltas || options_.changed_only);
  for (const Row& row : look.rows) {
    const record::Delta* const delta = compares ? &deltas_.of(row) : nullptr;  // of every row: a filter may let it pass next time
    if (!plan_.filter.matches(row)) continue;
    if (options_.changed_only && !delta->changed) continue;
    if (plan_.leaves_out_waiting && row.inet_diag_msg_state == kTimeWait && row.row_kind == record::RowKind::socket) {
      ++selected.waiting;
      continue;
    }
    selected.lines.push_back({&row, delta == nullptr ? nullptr : &selected.deltas.emplace_back(*delta)});
  }
  if (compares) deltas_.end_look();
  selected.matching = selected.lines.size();
  sort(selected.lines);
  if (options_.top != 0 && selected.lines.size() > options_.top) selected.lines.resize(options_.top);
  return selected;
}

std::string states_there(const probe::Look& look) {
  std::map<std::string, std::size_t> counts;
  for (const Row& row : look.rows) ++counts[report::state_text(row)];
  std::vector<std::pair<std::string, std::size_t>> sorted(counts.begin(), counts.end());
  std::ranges::sort(sorted, std::ranges::greater{}, [](const auto& state) { return std::pair(state.second, state.first); });
  std::string text;
  for (const auto& [state, count] : sorted) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + state;
  return text;
}

}  // namespace uncork::cli
