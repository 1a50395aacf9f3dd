// From the kernel's rows to the table's.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "probe/record_decoder.hpp"

namespace uncork::probe {
namespace {

using core::Micros;
using stall::Cause;

constexpr std::uint64_t kCookie = 77;

std::span<const std::byte> bytes_of(const uncork_socket_row& row) { return std::as_bytes(std::span(&row, 1)); }

uncork_socket_row row() {
  uncork_socket_row r{};
  r.name.cookie = kCookie;
  r.name.netns = 4'026'531'840U;
  r.name.family = AF_INET;
  const uncork_u8 local[] = {127, 0, 0, 1}, remote[] = {127, 0, 0, 2};
  std::ranges::copy(local, r.name.local);
  std::ranges::copy(remote, r.name.remote);
  r.name.local_port = 8001;
  r.name.remote_port = 50314;
  r.pid = r.writer_pid = 4711;
  r.fd = 5;
  std::memcpy(r.command, "python3", 8);
  r.nodelay = 1;
  r.corked = 1;
  r.srtt_us = 250;
  r.retransmits = 2;
  r.mss_bytes = 1448;
  r.congestion_window = 10;
  r.packets_out = 4;
  r.unsent_bytes = 77;
  r.flow.budget_us[UNCORK_NAGLE_DELAYED_ACK] = 41'000;
  r.flow.writes = 3;
  return r;
}

TEST(DecodeRow, names_the_connection_its_process_and_its_account) {
  const ConnectionRow decoded = decode_row(bytes_of(row())).value();
  EXPECT_EQ(decoded.where.cookie, kCookie);
  EXPECT_EQ(decoded.where.process, (stall::Process{4711, "python3"}));
  EXPECT_EQ(core::to_string(decoded.where.local), "127.0.0.1:8001");
  EXPECT_EQ(core::to_string(decoded.where.remote), "127.0.0.2:50314");
  EXPECT_EQ(decoded.where.netns, "net:[4026531840]");
  EXPECT_TRUE(decoded.where.nodelay);
  EXPECT_TRUE(decoded.is_writer);
  EXPECT_FALSE(decoded.ended);
  EXPECT_EQ(decoded.fd, 5);
  EXPECT_EQ(decoded.account.budget[Cause::nagle_delayed_ack], Micros(41'000));
  EXPECT_EQ(decoded.account.writes, 3U);
}

TEST(DecodeRow, tells_what_the_socket_shows) {
  const SocketShown shown = decode_row(bytes_of(row())).value().shown;
  EXPECT_EQ(shown.round_trip, Micros(250));
  EXPECT_EQ(shown.sent_again, 2U);
  EXPECT_EQ(shown.mss_bytes, 1448U);
  EXPECT_EQ(shown.congestion_window, 10U);
  EXPECT_EQ(shown.in_flight, 4U);
  EXPECT_EQ(shown.unsent_bytes, 77U);
  EXPECT_TRUE(shown.corked);
}

TEST(DecodeRow, reads_ipv6_and_shows_mapped_ipv4_as_ipv4) {
  uncork_socket_row r = row();
  r.name.family = AF_INET6;
  const uncork_u8 mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  const uncork_u8 one[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  std::ranges::copy(mapped, r.name.local);
  std::ranges::copy(one, r.name.remote);
  const ConnectionRow decoded = decode_row(bytes_of(r)).value();
  EXPECT_EQ(core::to_string(decoded.where.local), "127.0.0.1:8001");
  EXPECT_EQ(core::to_string(decoded.where.remote), "[::1]:50314");
}

TEST(DecodeRow, takes_a_command_that_fills_its_field_whole) {
  uncork_socket_row r = row();
  std::memcpy(r.command, "sixteen-letters!", 16);
  EXPECT_EQ(decode_row(bytes_of(r)).value().where.process.command, "sixteen-letters!");
}

TEST(DecodeRow, knows_an_ended_socket_and_a_holder_that_is_not_the_writer) {
  uncork_socket_row r = row();
  r.ended = 1;
  r.fd = -1;
  r.writer_pid = 0;
  const ConnectionRow decoded = decode_row(bytes_of(r)).value();
  EXPECT_TRUE(decoded.ended);
  EXPECT_FALSE(decoded.is_writer);
  EXPECT_EQ(decoded.fd, -1);
}

TEST(DecodeRow, refuses_few_bytes_and_unknown_families_with_the_reason) {
  const uncork_socket_row good = row();
  const auto cut = decode_row(bytes_of(good).first(sizeof good - 1));
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().message,
            "kernel row: " + std::to_string(sizeof good - 1) + " bytes, expected " + std::to_string(sizeof good));
  uncork_socket_row unix_socket = row();
  unix_socket.name.family = AF_UNIX;
  const auto family = decode_row(bytes_of(unix_socket));
  ASSERT_FALSE(family.has_value());
  EXPECT_EQ(family.error().code, core::ErrorCode::invalid_argument);
  EXPECT_EQ(family.error().message, "kernel row: unknown address family 1");
}

}  // namespace
}  // namespace uncork::probe
