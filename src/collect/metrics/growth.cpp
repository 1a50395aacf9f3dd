#include "collect/metrics/growth.hpp"

#include <limits>

namespace uncork::collect {
namespace {

using record::Block;
using record::Row;

constexpr double kFromMicros = 1e-6;

constexpr std::array<TcpCounter, kTcpCounters> kCounters = {{
    {"uncork_tcp_packets_sent_total", "grpc.tcp.packets_sent", "{packet}",
     "Segments with data that were sent, retransmissions included (tcpi_data_segs_out)"},
    {"uncork_tcp_packets_retransmitted_total", "grpc.tcp.packets_retransmitted", "{packet}",
     "Segments that were sent again (tcpi_total_retrans)"},
    {"uncork_tcp_packets_spurious_retransmitted_total", "grpc.tcp.packets_spurious_retransmitted", "{packet}",
     "Segments that were sent again for nothing: the peer reported them as duplicates (tcpi_dsack_dups)"},
    {"uncork_tcp_timeouts_total", "uncork.tcp.timeouts", "{timeout}", "Retransmission timeouts (tcpi_total_rto, Linux 6.7)"},
    {"uncork_tcp_bytes_sent_total", "grpc.tcp.bytes_sent", "By", "Bytes sent, retransmissions included (tcpi_bytes_sent)"},
    {"uncork_tcp_bytes_retransmitted_total", "grpc.tcp.bytes_retransmitted", "By",
     "Bytes that were sent again (tcpi_bytes_retrans)"},
    {"uncork_tcp_bytes_received_total", "uncork.tcp.bytes_received", "By", "Bytes received in order (tcpi_bytes_received)"},
    {"uncork_tcp_packets_out_of_order_total", "uncork.tcp.packets_out_of_order", "{packet}",
     "Segments that came out of order (tcpi_rcv_ooopack)"},
    {"uncork_tcp_receive_window_limited_seconds_total", "uncork.tcp.receive_window_limited", "s",
     "Time that connections were kept from sending by the peer's window (tcpi_rwnd_limited)", kFromMicros},
    {"uncork_tcp_send_buffer_limited_seconds_total", "uncork.tcp.send_buffer_limited", "s",
     "Time that connections were kept from sending by their send buffer (tcpi_sndbuf_limited)", kFromMicros},
}};

/// What is not known is 0: it does not grow.
TcpSums counters_of(const Row& row) {
  return {row.tcp_info_data_segs_out, row.tcp_info_total_retrans, row.tcp_info_dsack_dups,     row.tcp_info_total_rto,
          row.tcp_info_bytes_sent,    row.tcp_info_bytes_retrans, row.tcp_info_bytes_received, row.tcp_info_rcv_ooopack,
          row.tcp_info_rwnd_limited,  row.tcp_info_sndbuf_limited};
}

/// Those of 32 bits wrap.
constexpr std::array<bool, kTcpCounters> kIsNarrow = {true, true, true, true, false, false, false, true, false, false};

/// A counter that went backwards was cleared: an abort does that (tcp_disconnect() in net/ipv4/tcp.c).
std::uint64_t grown(std::uint64_t before, std::uint64_t now, bool is_narrow) {
  if (now >= before) return now - before;
  if (!is_narrow) return 0;
  const auto wrapped = static_cast<std::uint32_t>(now - before);
  return wrapped <= std::numeric_limits<std::uint32_t>::max() / 2 ? wrapped : 0;
}

}  // namespace

std::span<const TcpCounter, kTcpCounters> tcp_counters() { return kCounters; }

TcpSums Growth::of(const probe::Look& look, const Wanted& wanted) {
  const bool is_first_look = ++look_ == 1;
  TcpSums sums{};
  for (const Row& row : look.rows) {
    if (!row.knows(Block::tcp_info) || row.inet_diag_msg_socket_cookie == 0) continue;
    const TcpSums now = counters_of(row);
    const auto [at, is_new] = seen_.try_emplace(row.inet_diag_msg_socket_cookie);
    Seen& seen = at->second;
    if (is_new && is_first_look) seen.counters = now;
    const bool counts = !wanted || wanted(row);
    if (counts && is_new && !is_first_look) ++created_;
    for (std::size_t i = 0; counts && i < kTcpCounters; ++i) sums[i] += grown(seen.counters[i], now[i], kIsNarrow[i]);
    seen = {look_, now};
    if (row.last_row) seen_.erase(at);
  }
  // A look under churn may miss one that lives: it is kept for another one.
  std::erase_if(seen_, [&](const auto& entry) { return entry.second.look + 1 < look_; });
  return sums;
}

}  // namespace uncork::collect
