#include "probe/look/request_history.hpp"

#include "probe/tcp_info.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;

/// A request is listed as SYN_RECV and has no queues.
bool is_retried(const Row& row) {
  return row.inet_diag_msg_state == static_cast<std::uint32_t>(TcpState::syn_received) && !row.knows(Block::queues) &&
         row.inet_diag_msg_retrans != 0 && row.row_kind == record::RowKind::socket;
}

}  // namespace

void RequestHistory::compare(const std::vector<Row>& rows, const CameToSomething& came_to_something, std::vector<Row>& into) {
  for (const Row& request : retried_) {
    if (came_to_something(request)) continue;
    Row& row = into.emplace_back(request);
    row.row_kind = record::RowKind::never_connected;
    row.close_reason = record::CloseReason::timeout;
    row.blocks |= Block::close;
    row.last_row = true;
  }
  retried_.clear();
  for (const Row& row : rows) {
    if (is_retried(row)) retried_.push_back(row);
  }
}

}  // namespace uncork::probe
