#include "probe/tcp_info.hpp"

#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <rapidcheck.h>

#include <array>
#include <cstring>
#include <vector>

namespace uncork::probe {
namespace {

using core::Micros;

/// Every byte different from its neighbours, so that a field read at a wrong offset has a wrong value.
std::vector<std::byte> pattern(std::size_t length) {
  std::vector<std::byte> bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>((i * 37 + 11) & 0xff);
  return bytes;
}

// The headers' struct is the oracle for the offsets, as far as it reaches (Linux 5.4's end in Debian 12).
TEST(TcpInfo, reads_every_field_where_the_kernels_own_headers_have_it) {
  const auto bytes = pattern(280);
  tcp_info kernel{};
  static_assert(sizeof kernel <= 280);
  std::memcpy(&kernel, bytes.data(), sizeof kernel);
  const TcpInfo info = decode_tcp_info(bytes);

  EXPECT_EQ(info.length, 280U);
  EXPECT_EQ(static_cast<unsigned>(info.state), kernel.tcpi_state);
  EXPECT_EQ(static_cast<unsigned>(info.ca_state), kernel.tcpi_ca_state);
  EXPECT_EQ(info.retransmits, kernel.tcpi_retransmits);
  EXPECT_EQ(info.probes, kernel.tcpi_probes);
  EXPECT_EQ(info.backoff, kernel.tcpi_backoff);
  EXPECT_EQ(info.options, kernel.tcpi_options);
  EXPECT_EQ(info.snd_wscale, kernel.tcpi_snd_wscale);
  EXPECT_EQ(info.rcv_wscale, kernel.tcpi_rcv_wscale);
  EXPECT_EQ(info.delivery_rate_app_limited, kernel.tcpi_delivery_rate_app_limited);
  EXPECT_EQ(info.rto_us, kernel.tcpi_rto);
  EXPECT_EQ(info.ato_us, kernel.tcpi_ato);
  EXPECT_EQ(info.snd_mss, kernel.tcpi_snd_mss);
  EXPECT_EQ(info.rcv_mss, kernel.tcpi_rcv_mss);
  EXPECT_EQ(info.unacked, kernel.tcpi_unacked);
  EXPECT_EQ(info.sacked, kernel.tcpi_sacked);
  EXPECT_EQ(info.lost, kernel.tcpi_lost);
  EXPECT_EQ(info.retrans, kernel.tcpi_retrans);
  EXPECT_EQ(info.last_data_sent_ms, kernel.tcpi_last_data_sent);
  EXPECT_EQ(info.last_data_recv_ms, kernel.tcpi_last_data_recv);
  EXPECT_EQ(info.last_ack_recv_ms, kernel.tcpi_last_ack_recv);
  EXPECT_EQ(info.pmtu, kernel.tcpi_pmtu);
  EXPECT_EQ(info.rcv_ssthresh, kernel.tcpi_rcv_ssthresh);
  EXPECT_EQ(info.rtt_us, kernel.tcpi_rtt);
  EXPECT_EQ(info.rttvar_us, kernel.tcpi_rttvar);
  EXPECT_EQ(info.snd_ssthresh, kernel.tcpi_snd_ssthresh);
  EXPECT_EQ(info.snd_cwnd, kernel.tcpi_snd_cwnd);
  EXPECT_EQ(info.advmss, kernel.tcpi_advmss);
  EXPECT_EQ(info.reordering, kernel.tcpi_reordering);
  EXPECT_EQ(info.rcv_rtt_us, kernel.tcpi_rcv_rtt);
  EXPECT_EQ(info.rcv_space, kernel.tcpi_rcv_space);
  EXPECT_EQ(info.total_retrans, kernel.tcpi_total_retrans);
  EXPECT_EQ(info.pacing_rate, kernel.tcpi_pacing_rate);
  EXPECT_EQ(info.max_pacing_rate, kernel.tcpi_max_pacing_rate);
  EXPECT_EQ(info.bytes_acked, kernel.tcpi_bytes_acked);
  EXPECT_EQ(info.bytes_received, kernel.tcpi_bytes_received);
  EXPECT_EQ(info.segs_out, kernel.tcpi_segs_out);
  EXPECT_EQ(info.segs_in, kernel.tcpi_segs_in);
  EXPECT_EQ(info.notsent_bytes, kernel.tcpi_notsent_bytes);
  EXPECT_EQ(info.min_rtt_us, kernel.tcpi_min_rtt);
  EXPECT_EQ(info.data_segs_in, kernel.tcpi_data_segs_in);
  EXPECT_EQ(info.data_segs_out, kernel.tcpi_data_segs_out);
  EXPECT_EQ(info.delivery_rate, kernel.tcpi_delivery_rate);
  EXPECT_EQ(info.busy_time_us, kernel.tcpi_busy_time);
  EXPECT_EQ(info.rwnd_limited_us, kernel.tcpi_rwnd_limited);
  EXPECT_EQ(info.sndbuf_limited_us, kernel.tcpi_sndbuf_limited);
  EXPECT_EQ(info.delivered, kernel.tcpi_delivered);
  EXPECT_EQ(info.delivered_ce, kernel.tcpi_delivered_ce);
  EXPECT_EQ(info.bytes_sent, kernel.tcpi_bytes_sent);
  EXPECT_EQ(info.bytes_retrans, kernel.tcpi_bytes_retrans);
  EXPECT_EQ(info.dsack_dups, kernel.tcpi_dsack_dups);
  EXPECT_EQ(info.reord_seen, kernel.tcpi_reord_seen);
  EXPECT_EQ(info.rcv_ooopack, kernel.tcpi_rcv_ooopack);
  EXPECT_EQ(info.snd_wnd, kernel.tcpi_snd_wnd);
}

TEST(TcpInfo, has_the_fields_that_a_kernel_of_its_length_has) {
  struct Kernel {
    std::size_t length;
    bool notsent, chronographs, sent, window, timeouts;
  };
  const Kernel kernels[] = {
      {104, false, false, false, false, false},  // 2.6
      {136, false, false, false, false, false},  // 4.1
      {160, true, false, false, false, false},   // 4.6
      {192, true, true, false, false, false},    // 4.10
      {224, true, true, true, false, false},     // 4.19
      {232, true, true, true, true, false},      // 5.4
      {248, true, true, true, true, true},       // 6.7
      {280, true, true, true, true, true},       // 6.18
      {4096, true, true, true, true, true},      // some day
  };
  for (const Kernel& kernel : kernels) {
    SCOPED_TRACE(kernel.length);
    const TcpInfo info = decode_tcp_info(pattern(kernel.length));
    EXPECT_EQ(info.notsent_bytes.has_value(), kernel.notsent);
    EXPECT_EQ(info.rwnd_limited_us.has_value(), kernel.chronographs);
    EXPECT_EQ(info.bytes_sent.has_value(), kernel.sent);
    EXPECT_EQ(info.snd_wnd.has_value(), kernel.window);
    EXPECT_EQ(info.total_rto_time_ms.has_value(), kernel.timeouts);
  }
}

TEST(TcpInfo, treats_a_field_that_is_cut_as_absent) {
  EXPECT_TRUE(decode_tcp_info(pattern(148)).notsent_bytes);
  EXPECT_FALSE(decode_tcp_info(pattern(147)).notsent_bytes);
  EXPECT_EQ(decode_tcp_info(pattern(103)).total_retrans, 0U);
  EXPECT_NE(decode_tcp_info(pattern(104)).total_retrans, 0U);
  EXPECT_EQ(decode_tcp_info({}).length, 0U);
}

TEST(TcpInfo, knows_no_best_round_trip_until_the_kernel_measured_one) {
  auto bytes = pattern(280);
  std::memset(bytes.data() + 148, 0xff, 4);
  EXPECT_EQ(decode_tcp_info(bytes).min_rtt_us, std::nullopt);
  EXPECT_EQ(sample_of(decode_tcp_info(bytes), core::Time{}).min_rtt, Micros(0));
}

TEST(TcpInfo, gives_the_ledger_what_was_sent_anew_and_what_is_in_flight) {
  TcpInfo info;
  info.ca_state = CongestionState::recovery;
  info.bytes_sent = 5000;
  info.bytes_retrans = 1000;
  info.bytes_acked = 2501;
  info.last_data_sent_ms = 12;
  info.snd_wnd = 7000;
  const stall::Sample sample = sample_of(info, core::Time(Micros(77)));
  EXPECT_EQ(sample.at, core::Time(Micros(77)));
  EXPECT_EQ(sample.sent_bytes, 4000U);
  EXPECT_EQ(sample.in_flight_bytes, 1499U);
  EXPECT_EQ(sample.since_sent, Micros(12000));
  EXPECT_EQ(sample.window_bytes, 7000U);
  EXPECT_TRUE(sample.recovering);
}

TEST(TcpInfo, lets_acknowledged_bytes_stand_in_for_sent_ones_before_4_19) {
  TcpInfo info;
  info.bytes_acked = 300;
  const stall::Sample sample = sample_of(info, core::Time{});
  EXPECT_EQ(sample.sent_bytes, 300U);
  EXPECT_EQ(sample.in_flight_bytes, 0U);
}

TEST(TcpInfo, feeds_the_ledger_whatever_the_bytes_are) {
  EXPECT_TRUE(rc::check([] {
    stall::SampledLedger ledger;
    core::Time at(std::chrono::hours(1));
    const core::Time first = at;
    for (int i = 0; i < 5; ++i) {
      const auto bytes = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
      const auto long_enough = *rc::gen::container<std::vector<std::uint8_t>>(280, rc::gen::arbitrary<std::uint8_t>());
      ledger.feed(sample_of(decode_tcp_info(std::as_bytes(std::span(bytes))), at));
      ledger.feed(sample_of(decode_tcp_info(std::as_bytes(std::span(long_enough))), at += Micros(5000)));
    }
    RC_ASSERT(ledger.account().budget.total() == at - first);
  }));
}

}  // namespace
}  // namespace uncork::probe
