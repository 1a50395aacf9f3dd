#include "probe/tcp_info.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace uncork::probe {
namespace {

// The tcp_info of one kernel, read by offset: the struct of the headers that we were built with is some other kernel's.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  [[nodiscard]] std::optional<T> optional_at(std::size_t offset) const {
    if (offset + sizeof(T) > bytes_.size()) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  template <typename T>
  [[nodiscard]] T at(std::size_t offset) const {
    return optional_at<T>(offset).value_or(T{});
  }
  [[nodiscard]] std::uint8_t u8(std::size_t offset) const { return at<std::uint8_t>(offset); }
  [[nodiscard]] std::uint32_t u32(std::size_t offset) const { return at<std::uint32_t>(offset); }

 private:
  std::span<const std::byte> bytes_;
};

void read_common(const Fields& f, TcpInfo& info) {
  info.state = static_cast<TcpState>(f.u8(0));
  info.ca_state = static_cast<CongestionState>(f.u8(1));
  info.retransmits = f.u8(2);
  info.probes = f.u8(3);
  info.backoff = f.u8(4);
  info.options = f.u8(5);
  info.snd_wscale = f.u8(6) & 0xf;
  info.rcv_wscale = f.u8(6) >> 4;
  info.delivery_rate_app_limited = (f.u8(7) & 1) != 0;
  info.rto_us = f.u32(8);
  info.ato_us = f.u32(12);
  info.snd_mss = f.u32(16);
  info.rcv_mss = f.u32(20);
  info.unacked = f.u32(24);
  info.sacked = f.u32(28);
  info.lost = f.u32(32);
  info.retrans = f.u32(36);
  info.last_data_sent_ms = f.u32(44);
  info.last_data_recv_ms = f.u32(52);
  info.last_ack_recv_ms = f.u32(56);
  info.pmtu = f.u32(60);
  info.rcv_ssthresh = f.u32(64);
  info.rtt_us = f.u32(68);
  info.rttvar_us = f.u32(72);
  info.snd_ssthresh = f.u32(76);
  info.snd_cwnd = f.u32(80);
  info.advmss = f.u32(84);
  info.reordering = f.u32(88);
  info.rcv_rtt_us = f.u32(92);
  info.rcv_space = f.u32(96);
  info.total_retrans = f.u32(100);
}

void read_later(const Fields& f, TcpInfo& info) {
  info.pacing_rate = f.optional_at<std::uint64_t>(104);
  info.max_pacing_rate = f.optional_at<std::uint64_t>(112);
  info.bytes_acked = f.optional_at<std::uint64_t>(120);
  info.bytes_received = f.optional_at<std::uint64_t>(128);
  info.segs_out = f.optional_at<std::uint32_t>(136);
  info.segs_in = f.optional_at<std::uint32_t>(140);
  info.notsent_bytes = f.optional_at<std::uint32_t>(144);
  info.min_rtt_us = f.optional_at<std::uint32_t>(148);
  if (info.min_rtt_us == std::numeric_limits<std::uint32_t>::max()) info.min_rtt_us.reset();
  info.data_segs_in = f.optional_at<std::uint32_t>(152);
  info.data_segs_out = f.optional_at<std::uint32_t>(156);
  info.delivery_rate = f.optional_at<std::uint64_t>(160);
  info.busy_time_us = f.optional_at<std::uint64_t>(168);
  info.rwnd_limited_us = f.optional_at<std::uint64_t>(176);
  info.sndbuf_limited_us = f.optional_at<std::uint64_t>(184);
  info.delivered = f.optional_at<std::uint32_t>(192);
  info.delivered_ce = f.optional_at<std::uint32_t>(196);
  info.bytes_sent = f.optional_at<std::uint64_t>(200);
  info.bytes_retrans = f.optional_at<std::uint64_t>(208);
  info.dsack_dups = f.optional_at<std::uint32_t>(216);
  info.reord_seen = f.optional_at<std::uint32_t>(220);
  info.rcv_ooopack = f.optional_at<std::uint32_t>(224);
  info.snd_wnd = f.optional_at<std::uint32_t>(228);
  info.rcv_wnd = f.optional_at<std::uint32_t>(232);
  info.rehash = f.optional_at<std::uint32_t>(236);
  info.total_rto = f.optional_at<std::uint16_t>(240);
  info.total_rto_recoveries = f.optional_at<std::uint16_t>(242);
  info.total_rto_time_ms = f.optional_at<std::uint32_t>(244);
}

core::Micros micros(std::uint64_t us) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max() / 2;
  return core::Micros(static_cast<std::int64_t>(std::min(us, kMost)));
}

std::uint64_t excess(std::uint64_t whole, std::uint64_t part) { return whole > part ? whole - part : 0; }

}  // namespace

TcpInfo decode_tcp_info(std::span<const std::byte> bytes) {
  const Fields fields(bytes);
  TcpInfo info;
  info.length = bytes.size();
  read_common(fields, info);
  read_later(fields, info);
  return info;
}

stall::Sample sample_of(const TcpInfo& info, core::Time at) {
  const std::uint64_t acked = info.bytes_acked.value_or(0);
  stall::Sample sample;
  sample.at = at;
  sample.unacked_segments = info.unacked;
  sample.sent_bytes = info.bytes_sent ? excess(*info.bytes_sent, info.bytes_retrans.value_or(0)) : acked;
  // bytes_acked of the end that connected also counts its SYN: one byte too many, of no consequence.
  sample.in_flight_bytes =
      info.bytes_sent ? static_cast<std::uint32_t>(std::min<std::uint64_t>(excess(sample.sent_bytes, acked), UINT32_MAX)) : 0;
  sample.unsent_bytes = info.notsent_bytes.value_or(0);
  sample.mss_bytes = info.snd_mss;
  sample.cwnd_segments = info.snd_cwnd;
  sample.window_bytes = info.snd_wnd;
  sample.recovering = info.ca_state == CongestionState::recovery || info.ca_state == CongestionState::loss;
  sample.retransmitted_segments = info.total_retrans;
  sample.rtt = micros(info.rtt_us);
  sample.rtt_variation = micros(info.rttvar_us);
  sample.min_rtt = micros(info.min_rtt_us.value_or(0));
  sample.since_sent = std::chrono::milliseconds(info.last_data_sent_ms);
  sample.since_received = std::chrono::milliseconds(info.last_data_recv_ms);
  sample.received_bytes = info.bytes_received.value_or(0);
  sample.sent_segments = info.data_segs_out.value_or(0);
  sample.received_segments = info.data_segs_in.value_or(0);
  if (info.segs_out && info.segs_in) {
    sample.sent_acks = *info.segs_out - sample.sent_segments;
    sample.received_acks = *info.segs_in - sample.received_segments;
  }
  sample.window_limited = micros(info.rwnd_limited_us.value_or(0));
  sample.buffer_limited = micros(info.sndbuf_limited_us.value_or(0));
  return sample;
}

}  // namespace uncork::probe
