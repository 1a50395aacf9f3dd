#pragma once
// A row as a look makes of a busy connection: with tcp_info of Linux 6.18, process, container and ledger.

#include "record/row.hpp"

namespace uncork::record {

/// Number `n` of many that differ as real ones do.
inline Row some_row(Texts& texts, std::uint32_t n = 0) {
  using enum Block;
  std::uint32_t state = n * 2654435761u + 12345;
  const auto up_to = [&](std::uint32_t most) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % most;
  };
  Row row;
  row.blocks = netns | cookie | interface | timer | queues | owner | congestion | tos | sk_mem_info | shutdown | sock_opt |
               c_group | options | process | ledger | exchanges | attributes | tcp_info_blocks(280);
  row.schema_version = 1;
  row.timestamp_ns = 1764081234567890123 + n;
  row.hostname = texts.keep("edge-7.ams.example.net");
  row.netns = texts.keep("shop-" + std::to_string(n % 50));
  row.netns_inode = 4026532000 + n % 50;
  row.boot_id = texts.keep("6f0c1f4e-7a3e-4e53-8a0d-2f6f0a4f8f11");
  row.sequence = 1000;
  row.inet_diag_msg_family = n % 3 == 0 ? 10 : 2;
  row.inet_diag_msg_state = 1;
  row.inet_diag_msg_socket_source_port = 8001;
  row.inet_diag_msg_socket_destination_port = 32768 + up_to(28000);
  row.inet_diag_msg_socket_source =
      n % 3 == 0 ? Address{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1} : Address{198, 18, 0, 1};
  row.inet_diag_msg_socket_destination = row.inet_diag_msg_socket_source;
  row.inet_diag_msg_socket_destination[3] = static_cast<std::uint8_t>(up_to(256));
  row.inet_diag_msg_socket_cookie = 100000 + n;
  row.inet_diag_msg_uid = 33;
  row.inet_diag_msg_inode = 3000000 + up_to(100000);
  row.tcp_info_state = 1;
  row.tcp_info_options = 7;
  row.tcp_info_send_scale = 7;
  row.tcp_info_rcv_scale = 10;
  row.tcp_info_delivery_rate_app_limited = 1;
  row.tcp_info_rto = 204000 + up_to(100) * 4000;
  row.tcp_info_ato = 40000;
  row.tcp_info_snd_mss = 1448;
  row.tcp_info_rcv_mss = 536 + up_to(912);
  row.tcp_info_last_data_sent = up_to(100000);
  row.tcp_info_last_data_recv = up_to(100000);
  row.tcp_info_last_ack_recv = up_to(100000);
  row.tcp_info_pmtu = 1500;
  row.tcp_info_rcv_ssthresh = 64088 + up_to(100000);
  row.tcp_info_rtt = up_to(60000);
  row.tcp_info_rtt_var = up_to(20000);
  row.tcp_info_snd_ssthresh = 0x7fffffff;
  row.tcp_info_snd_cwnd = 10 + up_to(40);
  row.tcp_info_adv_mss = 1448;
  row.tcp_info_reordering = 3;
  row.tcp_info_rcv_rtt = up_to(100000);
  row.tcp_info_rcv_space = 14480 + up_to(20000);
  row.tcp_info_total_retrans = up_to(4) == 0 ? up_to(20) : 0;
  row.tcp_info_pacing_rate = 1000000ull * up_to(2000);
  row.tcp_info_max_pacing_rate = ~std::uint64_t{0};
  row.tcp_info_bytes_acked = 1ull * up_to(1u << 23) * up_to(100);
  row.tcp_info_bytes_received = 1ull * up_to(1u << 20);
  row.tcp_info_segs_out = up_to(100000);
  row.tcp_info_segs_in = up_to(100000);
  row.tcp_info_min_rtt = up_to(20000);
  row.tcp_info_data_segs_in = up_to(100000);
  row.tcp_info_data_segs_out = up_to(100000);
  row.tcp_info_delivery_rate = 10000ull * up_to(20000);
  row.tcp_info_busy_time = 1000ull * up_to(100000);
  row.tcp_info_delivered = row.tcp_info_data_segs_out;
  row.tcp_info_bytes_sent = row.tcp_info_bytes_acked + row.tcp_info_total_retrans * 1448ull;
  row.tcp_info_bytes_retrans = row.tcp_info_total_retrans * 1448ull;
  row.tcp_info_snd_wnd = 65536 + up_to(1u << 20);
  row.tcp_info_rcv_wnd = 65536 + up_to(1u << 20);
  row.tcp_info_length = 280;
  row.congestion_algorithm_string = texts.keep("cubic");
  row.congestion_algorithm_enum = CongestionAlgorithm::cubic;
  row.sk_mem_info_rcv_buf = 131072;
  row.sk_mem_info_snd_buf = 87040 + up_to(8) * 87040;
  row.sk_mem_info_fwd_alloc = up_to(2) * 4096;
  row.sock_opt = 1;
  row.c_group = 4000 + n % 50;
  row.nodelay = n % 2 == 0;
  row.pid = 1000 + up_to(30000);
  row.command = texts.keep(n % 2 == 0 ? "nginx" : "postgres");
  row.fd = 5 + up_to(1000);
  row.cgroup_path = texts.keep("/system.slice/shop-" + std::to_string(n % 50) + ".service");
  row.holds = up_to(1000);
  row.writes = up_to(100000);
  row.wrote_bytes = row.tcp_info_bytes_sent;
  row.exchanges = up_to(10000);
  row.exchange_p50_us = up_to(4000);
  row.exchange_p99_us = up_to(100000);
  row.late_writes = up_to(100);
  row.late_worst_us = up_to(50000);
  row.lost_us[0] = up_to(3) == 0 ? up_to(4000000) : 0;
  row.lost_us[6] = row.tcp_info_total_retrans * 200000ull;
  row.late_us[0] = row.lost_us[0];
  row.late_us[1] = up_to(100000);
  return row;
}

}  // namespace uncork::record
