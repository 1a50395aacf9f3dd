#include "probe/diag/tcp_info_row.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace uncork::probe {
namespace {

constexpr std::size_t kPlain = 276;  // what means the same on every kernel
constexpr std::size_t kKnown = 280;
constexpr KernelVersion kAccEcnWords{6, 18};
constexpr KernelVersion kAccEcnBits{7, 0};

// The fields by offset: the struct of the headers that we were built with is some other kernel's.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) { std::memcpy(bytes_.data(), bytes.data(), bytes.size()); }

  [[nodiscard]] std::uint32_t u8(std::size_t offset) const { return std::to_integer<std::uint8_t>(bytes_[offset]); }
  [[nodiscard]] std::uint32_t u16(std::size_t offset) const { return at<std::uint16_t>(offset); }
  [[nodiscard]] std::uint32_t u32(std::size_t offset) const { return at<std::uint32_t>(offset); }
  [[nodiscard]] std::uint64_t u64(std::size_t offset) const { return at<std::uint64_t>(offset); }

 private:
  template <typename T>
  [[nodiscard]] T at(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  std::array<std::byte, kKnown> bytes_{};
};

void read_first(const Fields& f, record::Row& row) {
  row.tcp_info_state = f.u8(0);
  row.tcp_info_ca_state = f.u8(1);
  row.tcp_info_retransmits = f.u8(2);
  row.tcp_info_probes = f.u8(3);
  row.tcp_info_backoff = f.u8(4);
  row.tcp_info_options = f.u8(5);
  row.tcp_info_send_scale = f.u8(6) & 0xf;
  row.tcp_info_rcv_scale = f.u8(6) >> 4;
  row.tcp_info_delivery_rate_app_limited = f.u8(7) & 1;
  row.tcp_info_fast_open_client_failed = (f.u8(7) >> 1) & 3;
  row.tcp_info_rto = f.u32(8);
  row.tcp_info_ato = f.u32(12);
  row.tcp_info_snd_mss = f.u32(16);
  row.tcp_info_rcv_mss = f.u32(20);
  row.tcp_info_unacked = f.u32(24);
  row.tcp_info_sacked = f.u32(28);
  row.tcp_info_lost = f.u32(32);
  row.tcp_info_retrans = f.u32(36);
  row.tcp_info_fackets = f.u32(40);
  row.tcp_info_last_data_sent = f.u32(44);
  row.tcp_info_last_ack_sent = f.u32(48);
  row.tcp_info_last_data_recv = f.u32(52);
  row.tcp_info_last_ack_recv = f.u32(56);
  row.tcp_info_pmtu = f.u32(60);
  row.tcp_info_rcv_ssthresh = f.u32(64);
  row.tcp_info_rtt = f.u32(68);
  row.tcp_info_rtt_var = f.u32(72);
  row.tcp_info_snd_ssthresh = f.u32(76);
  row.tcp_info_snd_cwnd = f.u32(80);
  row.tcp_info_adv_mss = f.u32(84);
  row.tcp_info_reordering = f.u32(88);
  row.tcp_info_rcv_rtt = f.u32(92);
  row.tcp_info_rcv_space = f.u32(96);
  row.tcp_info_total_retrans = f.u32(100);
}

void read_later(const Fields& f, record::Row& row) {
  row.tcp_info_pacing_rate = f.u64(104);
  row.tcp_info_max_pacing_rate = f.u64(112);
  row.tcp_info_bytes_acked = f.u64(120);
  row.tcp_info_bytes_received = f.u64(128);
  row.tcp_info_segs_out = f.u32(136);
  row.tcp_info_segs_in = f.u32(140);
  row.tcp_info_not_sent_bytes = f.u32(144);
  row.tcp_info_min_rtt = f.u32(148);
  row.tcp_info_data_segs_in = f.u32(152);
  row.tcp_info_data_segs_out = f.u32(156);
  row.tcp_info_delivery_rate = f.u64(160);
  row.tcp_info_busy_time = f.u64(168);
  row.tcp_info_rwnd_limited = f.u64(176);
  row.tcp_info_sndbuf_limited = f.u64(184);
  row.tcp_info_delivered = f.u32(192);
  row.tcp_info_delivered_ce = f.u32(196);
  row.tcp_info_bytes_sent = f.u64(200);
  row.tcp_info_bytes_retrans = f.u64(208);
  row.tcp_info_dsack_dups = f.u32(216);
  row.tcp_info_reord_seen = f.u32(220);
  row.tcp_info_rcv_ooopack = f.u32(224);
  row.tcp_info_snd_wnd = f.u32(228);
  row.tcp_info_rcv_wnd = f.u32(232);
  row.tcp_info_rehash = f.u32(236);
  row.tcp_info_total_rto = f.u16(240);
  row.tcp_info_total_rto_recoveries = f.u16(242);
  row.tcp_info_total_rto_time = f.u32(244);
  row.tcp_info_received_ce = f.u32(248);
  row.tcp_info_delivered_e1_bytes = f.u32(252);
  row.tcp_info_delivered_e0_bytes = f.u32(256);
  row.tcp_info_delivered_ce_bytes = f.u32(260);
  row.tcp_info_received_e1_bytes = f.u32(264);
  row.tcp_info_received_e0_bytes = f.u32(268);
  row.tcp_info_received_ce_bytes = f.u32(272);
}

// Bytes 276 to 279: two words in 6.18, bit fields from 7.0 on, in a struct of the same length. Says whether all of it was read.
bool read_accecn(const Fields& f, KernelVersion kernel, record::Row& row) {
  if (kernel < kAccEcnWords) return false;
  if (kernel < kAccEcnBits) {
    row.tcp_info_accecn_fail_mode = f.u16(276);
    row.tcp_info_accecn_opt_seen = f.u16(278);
    row.blocks |= record::Block::accecn;
    return true;
  }
  const std::uint32_t bits = f.u32(276);
  row.tcp_info_ecn_mode = bits & 3;
  row.tcp_info_accecn_opt_seen = (bits >> 2) & 3;
  row.tcp_info_accecn_fail_mode = (bits >> 4) & 0xf;
  row.blocks |= record::Blocks{record::Block::accecn} | record::Block::ecn_mode;
  return bits >> 8 == 0;  // tcpi_options2
}

// Where the last block that is wholly there ends: half a field is not read.
std::size_t end_of_blocks(std::size_t length) {
  constexpr std::array<std::size_t, 13> kEnds = {104, 120, 136, 144, 160, 168, 192, 200, 224, 232, 240, 248, kPlain};
  const auto* const after = std::ranges::upper_bound(kEnds, length);
  return after == kEnds.begin() ? 0 : *(after - 1);
}

}  // namespace

void read_tcp_info(std::span<const std::byte> bytes, KernelVersion kernel, record::Row& into) {
  const std::size_t plain = end_of_blocks(bytes.size());
  const bool has_accecn = bytes.size() >= kKnown;
  const Fields fields(bytes.first(has_accecn ? kKnown : plain));
  read_first(fields, into);
  read_later(fields, into);
  into.blocks |= record::tcp_info_blocks(bytes.size()) | record::Block::attributes;
  const bool read_all = has_accecn && read_accecn(fields, kernel, into);
  const auto tail = bytes.subspan(read_all ? kKnown : plain);
  into.tcp_info_length = static_cast<std::uint32_t>(bytes.size());
  into.tcp_info_tail = record::Tail::of({reinterpret_cast<const char*>(tail.data()), tail.size()});
}

}  // namespace uncork::probe
