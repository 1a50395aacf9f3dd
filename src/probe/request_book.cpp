#include "probe/request_book.hpp"

#include <algorithm>
#include <cstring>

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kLongestWait = 120 * kSecond;  // include/net/tcp.h TCP_RTO_MAX
constexpr std::uint64_t kSlack = kSecond;              // a timer may be late
constexpr std::uint64_t kBetweenCollections = kSecond / 10;
constexpr std::uint32_t kSynReceived = 3;

Row row_of(const uncork_retried_request& request, const Row& base) {
  Row row = base;
  row.inet_diag_msg_family = request.family;
  row.inet_diag_msg_state = kSynReceived;
  row.inet_diag_msg_socket_cookie = request.ending.cookie;
  row.inet_diag_msg_socket_source_port = request.local_port;
  row.inet_diag_msg_socket_destination_port = request.remote_port;
  std::memcpy(row.inet_diag_msg_socket_source.data(), request.local, sizeof request.local);
  std::memcpy(row.inet_diag_msg_socket_destination.data(), request.remote, sizeof request.remote);
  row.inet_diag_msg_timer = 1;
  row.inet_diag_msg_retrans = request.retries;
  row.netns_inode = request.netns;
  row.netns_cookie = request.netns_cookie;
  row.row_kind = record::RowKind::never_connected;
  row.close_reason = request.acked != 0 ? record::CloseReason::accept_overflow : record::CloseReason::timeout;
  row.last_row = true;
  row.blocks |= record::Blocks(Block::cookie) | Block::timer | Block::netns | Block::close;
  if (request.netns_cookie != 0) row.blocks |= Block::netns_cookie;
  return row;
}

}  // namespace

void RequestBook::retried(const uncork_retried_request& request) {
  if (requests_.size() >= kMost && !requests_.contains(request.ending.cookie)) return;
  requests_.insert_or_assign(request.ending.cookie, request);
}

std::uint64_t RequestBook::over_at(const uncork_retried_request& request) const {
  return request.ending.at_ns + std::min(std::uint64_t{request.wait_jiffies} * tick_ns_, kLongestWait) + kSlack;
}

void RequestBook::collect(const Row& base, std::int64_t realtime_ns, std::uint64_t now_ns, std::vector<Row>& into) {
  if (requests_.empty() || now_ns < collect_at_ns_) return;
  collect_at_ns_ = now_ns + kBetweenCollections;
  std::erase_if(requests_, [&](const auto& entry) {
    const uncork_retried_request& request = entry.second;
    if (over_at(request) > now_ns) return false;
    Row& row = into.emplace_back(row_of(request, base));
    row.timestamp_ns = realtime_ns - static_cast<std::int64_t>(now_ns - request.ending.at_ns);
    return true;
  });
}

}  // namespace uncork::probe
