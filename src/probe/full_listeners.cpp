#include "probe/full_listeners.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace uncork::probe {
namespace {

using record::Block;
using record::CloseReason;
using record::Row;
using record::RowKind;

// include/net/tcp_states.h
constexpr std::uint32_t kSynReceived = 3;
constexpr std::uint32_t kListen = 10;

/// Its socket shows how many wait, and how many may: one more than that (include/net/sock.h sk_acceptq_is_full()).
bool is_full(const Row& listener) { return listener.tcp_info_unacked > listener.tcp_info_sacked; }

bool is_any(const record::Address& address, std::size_t size) {
  return std::all_of(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(size), [](auto byte) { return byte == 0; });
}

/// The address as IPv4 in the first four bytes if it is IPv4 mapped into IPv6.
std::pair<record::Address, std::size_t> unmapped(const record::Address& address, std::size_t size) {
  constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (size != 16 || !std::equal(kPrefix.begin(), kPrefix.end(), address.begin())) return {address, size};
  record::Address plain{};
  std::copy(address.begin() + 12, address.end(), plain.begin());
  return {plain, 4};
}

bool is_unanswered(const Row& row, Requests requests) {
  if (row.row_kind != RowKind::never_connected || row.inet_diag_msg_state == kListen) return false;
  if (row.close_reason != CloseReason::timeout && row.close_reason != CloseReason::aborted) return false;
  return row.inet_diag_msg_state == kSynReceived ? requests == Requests::too : row.tcp_info_total_retrans != 0;
}

}  // namespace

void ListenerDrops::compare(std::span<const Row> rows, std::vector<Row>& into) {
  ++look_;
  for (const Row& row : rows) {
    if (row.inet_diag_msg_state != kListen || row.row_kind != RowKind::socket || !row.knows(Block::sk_mem_info)) continue;
    const auto [place, fresh] = seen_.try_emplace(row.inet_diag_msg_socket_cookie);
    Seen& seen = place->second;
    const std::uint32_t dropped = fresh ? 0 : row.sk_mem_info_drops - seen.drops;
    const bool was_full = seen.full;
    seen = {look_, row.sk_mem_info_drops, is_full(row)};
    if (dropped == 0) continue;
    Row& told = into.emplace_back(row);
    told.row_kind = RowKind::never_connected;
    told.inet_diag_msg_socket_cookie = 0;
    told.blocks = told.blocks.without(Block::cookie);
    told.sk_mem_info_drops = dropped;
    if (!was_full && !seen.full) continue;
    told.close_reason = CloseReason::accept_overflow;
    told.blocks |= Block::close;
  }
  std::erase_if(seen_, [&](const auto& entry) { return entry.second.look != look_; });
}

bool overflowed(const Row& listener, const Row& never_connected) {
  const bool dropped = listener.row_kind == RowKind::never_connected;
  if (listener.inet_diag_msg_state != kListen || (!dropped && !is_full(listener))) return false;
  const bool is_request = never_connected.inet_diag_msg_state == kSynReceived;  // whose listener is its own end
  const auto port =
      is_request ? never_connected.inet_diag_msg_socket_source_port : never_connected.inet_diag_msg_socket_destination_port;
  if (listener.inet_diag_msg_socket_source_port != port) return false;
  const auto [asked, asked_size] =
      unmapped(is_request ? never_connected.inet_diag_msg_socket_source : never_connected.inet_diag_msg_socket_destination,
               never_connected.address_size());
  const auto [bound, bound_size] = unmapped(listener.inet_diag_msg_socket_source, listener.address_size());
  const bool same_namespace = listener.netns_inode == never_connected.netns_inode;
  if (is_any(bound, bound_size)) return same_namespace && (asked_size == bound_size || (bound_size == 16 && !listener.v6only));
  return asked_size == bound_size && asked == bound && (same_namespace || !is_request);
}

void blame_full_listeners(std::span<const Row> seen, std::span<Row> never_connected, Requests requests) {
  const auto is_candidate = [&](const Row& row) { return is_unanswered(row, requests); };
  if (std::ranges::none_of(never_connected, is_candidate)) return;
  std::vector<const Row*> listeners;
  for (const Row& row : seen) {
    if (row.inet_diag_msg_state == kListen && (row.row_kind == RowKind::never_connected || is_full(row)))
      listeners.push_back(&row);
  }
  for (Row& row : never_connected) {
    if (!is_candidate(row)) continue;
    if (std::ranges::any_of(listeners, [&](const Row* listener) { return overflowed(*listener, row); })) {
      row.close_reason = CloseReason::accept_overflow;
    }
  }
}

}  // namespace uncork::probe
