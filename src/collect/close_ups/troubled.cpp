#include "collect/close_ups/troubled.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace uncork::collect {
namespace {

using record::Block;
using record::Row;

constexpr std::uint32_t kEstablished = 1;  // TCP_ESTABLISHED, include/net/tcp_states.h

/// What makes one connection worse than another: time lost, then segments sent again.
struct Trouble {
  std::uint64_t lost_us = 0;
  std::uint32_t retransmitted = 0;
  bool is_shut_out = false;  // the peer's window is closed

  [[nodiscard]] bool any() const { return lost_us > 0 || retransmitted > 0 || is_shut_out; }
  auto operator<=>(const Trouble&) const = default;
};

std::uint64_t lost_us(const Row& row) {
  return row.knows(Block::ledger) ? std::accumulate(row.lost_us.begin(), row.lost_us.end(), std::uint64_t{0}) : 0;
}

}  // namespace

std::vector<Row> Troubled::of(const probe::Look& look) {
  const bool is_first_look = ++look_ == 1;
  std::vector<std::pair<Trouble, const Row*>> found;
  for (const Row& row : look.rows) {
    if (row.last_row || row.inet_diag_msg_state != kEstablished || !row.knows(Block::tcp_info)) continue;
    const auto [at, is_new] = seen_.try_emplace(row.inet_diag_msg_socket_cookie);
    const Seen before = std::exchange(at->second, Seen{look_, lost_us(row), row.tcp_info_total_retrans});
    const bool is_shut_out = row.knows(Block::tcp_info_5_4) && row.tcp_info_snd_wnd == 0;
    const Trouble trouble{.lost_us = at->second.lost_us - std::min(before.lost_us, at->second.lost_us),
                          .retransmitted = at->second.retransmitted - std::min(before.retransmitted, at->second.retransmitted),
                          .is_shut_out = is_shut_out};
    if (trouble.any() && !(is_new && is_first_look)) found.emplace_back(trouble, &row);
  }
  std::erase_if(seen_, [&](const auto& entry) { return entry.second.look != look_; });
  const std::size_t taken = std::min(most_, found.size());
  std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(taken), std::greater{},
                            &std::pair<Trouble, const Row*>::first);
  std::vector<Row> worst;
  for (std::size_t i = 0; i < taken; ++i) worst.push_back(*found[i].second);
  return worst;
}

}  // namespace uncork::collect
