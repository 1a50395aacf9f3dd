#pragma once
// Rows as a look would give them, for tests of what is asked of rows.

#include <string_view>

#include "core/endpoint.hpp"
#include "record/row.hpp"

namespace uncork::filter::testing {

inline record::Address address_of(std::string_view text) {
  return core::parse_endpoint((text.find(':') == std::string_view::npos ? std::string(text) : "[" + std::string(text) + "]") +
                              ":1")
      ->bytes;
}

/// A connection of nginx (pid 4711, descriptor 9) from 10.0.0.1:8001 to 10.0.0.2:40000, of which everything is known: 250 us of
/// round trip, 8 MiB sent, 3 segments sent again, 5 ms lost to Nagle and delayed ACK, 7 ms late.
inline record::Row connection(record::Texts& texts) {
  record::Row row;
  row.inet_diag_msg_family = 2;
  row.inet_diag_msg_state = 1;
  row.inet_diag_msg_socket_source = address_of("10.0.0.1");
  row.inet_diag_msg_socket_source_port = 8001;
  row.inet_diag_msg_socket_destination = address_of("10.0.0.2");
  row.inet_diag_msg_socket_destination_port = 40000;
  row.inet_diag_msg_socket_cookie = 77;
  row.inet_diag_msg_uid = 33;
  row.inet_diag_msg_rqueue = 12;
  row.netns = texts.keep("web");
  row.netns_inode = 4026531840;
  row.command = texts.keep("nginx");
  row.pid = 4711;
  row.fd = 9;
  row.cgroup_path = texts.keep("/system.slice/nginx.service");
  row.container_id = texts.keep("0123456789abcdef0123456789abcdef");
  row.container_name = texts.keep("front");
  row.tcp_info_rtt = 250;
  row.tcp_info_min_rtt = 100;
  row.tcp_info_total_retrans = 3;
  row.tcp_info_snd_cwnd = 10;
  row.tcp_info_bytes_sent = 8ULL << 20;
  row.tcp_info_bytes_received = 1'000'000;
  row.tcp_info_pacing_rate = 125'000'000;  // 1 Gbit/s
  row.tcp_info_delivery_rate = 1'250'000;
  row.congestion_algorithm_string = texts.keep("cubic");
  row.nodelay = true;
  row.lost_us[static_cast<std::size_t>(record::Cause::nagle_delayed_ack)] = 5'000;
  row.late_us[static_cast<std::size_t>(record::Cause::nagle_delayed_ack)] = 7'000;
  row.writes = 40;
  row.holds = 4;
  row.blocks = record::Blocks::of_bits(~0ULL).without(record::Block::close);
  return row;
}

/// A listener on [::]:443, known from a dump without processes.
inline record::Row listener() {
  record::Row row;
  row.inet_diag_msg_family = 10;
  row.inet_diag_msg_state = 10;
  row.inet_diag_msg_socket_source_port = 443;
  row.inet_diag_msg_socket_cookie = 5;
  row.blocks = record::Blocks(record::Block::cookie) | record::Block::queues | record::Block::owner;
  row.blocks |= record::tcp_info_blocks(280);
  return row;
}

/// A connection of an IPv6 socket with an IPv4 peer, in TIME_WAIT: hardly anything is known.
inline record::Row time_wait() {
  record::Row row;
  row.inet_diag_msg_family = 10;
  row.inet_diag_msg_state = 6;
  row.inet_diag_msg_socket_source = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 1};
  row.inet_diag_msg_socket_source_port = 443;
  row.inet_diag_msg_socket_destination = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 9, 0, 3};
  row.inet_diag_msg_socket_destination_port = 50000;
  row.blocks = record::Block::cookie;
  return row;
}

}  // namespace uncork::filter::testing
