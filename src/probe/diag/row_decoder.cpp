#include "probe/diag/row_decoder.hpp"

#include <linux/inet_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "probe/diag/tcp_info_row.hpp"
#include "probe/tcp_info.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Blocks;

constexpr unsigned kUlpName = 1;  // INET_ULP_INFO_NAME (linux/inet_diag.h of later kernels)

std::string_view text_in(std::span<const std::byte> value) {
  const std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
  return text.substr(0, text.find('\0'));
}

template <typename T>
bool read(std::span<const std::byte> value, T& into) {
  if (value.size() < sizeof into) return false;
  into = read_as<T>(value);
  return true;
}

/// A number of the kernel's width into a field of ours, which may be wider.
template <typename T, typename Field>
void read_into(std::span<const std::byte> value, Field& field, Block block, record::Row& row) {
  T number{};
  if (!read(value, number)) return;
  field = number;
  row.blocks |= block;
}

void read_message(const inet_diag_msg& message, record::Row& row) {
  const std::size_t address = message.idiag_family == AF_INET ? 4 : 16;
  row.inet_diag_msg_family = message.idiag_family;
  row.inet_diag_msg_state = message.idiag_state;
  row.inet_diag_msg_timer = message.idiag_timer;
  row.inet_diag_msg_retrans = message.idiag_retrans;
  row.inet_diag_msg_socket_source_port = ntohs(message.id.idiag_sport);
  row.inet_diag_msg_socket_destination_port = ntohs(message.id.idiag_dport);
  row.inet_diag_msg_socket_source = {};
  row.inet_diag_msg_socket_destination = {};
  std::memcpy(row.inet_diag_msg_socket_source.data(), message.id.idiag_src, address);
  std::memcpy(row.inet_diag_msg_socket_destination.data(), message.id.idiag_dst, address);
  row.inet_diag_msg_socket_interface = message.id.idiag_if;
  row.inet_diag_msg_socket_cookie = message.id.idiag_cookie[0] | std::uint64_t{message.id.idiag_cookie[1]} << 32;
  row.inet_diag_msg_expires = message.idiag_expires;
  row.inet_diag_msg_rqueue = message.idiag_rqueue;
  row.inet_diag_msg_wqueue = message.idiag_wqueue;
  row.inet_diag_msg_uid = message.idiag_uid;
  row.inet_diag_msg_inode = message.idiag_inode;
  row.blocks |= Blocks{Block::cookie} | Block::interface | Block::timer;
}

void read_meminfo(std::span<const std::byte> value, record::Row& row) {
  inet_diag_meminfo memory{};
  if (!read(value, memory)) return;
  row.mem_info_rmem = memory.idiag_rmem;
  row.mem_info_wmem = memory.idiag_wmem;
  row.mem_info_fmem = memory.idiag_fmem;
  row.mem_info_tmem = memory.idiag_tmem;
  row.blocks |= Block::mem_info;
}

void read_skmem(std::span<const std::byte> value, record::Row& row) {
  std::array<std::uint32_t, 9> memory{};
  if (!read(value, memory)) return;
  row.sk_mem_info_rmem_alloc = memory[0];
  row.sk_mem_info_rcv_buf = memory[1];
  row.sk_mem_info_wmem_alloc = memory[2];
  row.sk_mem_info_snd_buf = memory[3];
  row.sk_mem_info_fwd_alloc = memory[4];
  row.sk_mem_info_wmem_queued = memory[5];
  row.sk_mem_info_optmem = memory[6];
  row.sk_mem_info_backlog = memory[7];
  row.sk_mem_info_drops = memory[8];
  row.blocks |= Block::sk_mem_info;
}

void read_vegas(std::span<const std::byte> value, record::Row& row) {
  tcpvegas_info vegas{};
  if (!read(value, vegas)) return;
  row.vegas_info_enabled = vegas.tcpv_enabled;
  row.vegas_info_rtt_cnt = vegas.tcpv_rttcnt;
  row.vegas_info_rtt = vegas.tcpv_rtt;
  row.vegas_info_min_rtt = vegas.tcpv_minrtt;
  row.blocks |= Block::vegas_info;
}

void read_dctcp(std::span<const std::byte> value, record::Row& row) {
  tcp_dctcp_info dctcp{};
  if (!read(value, dctcp)) return;
  row.dctcp_info_enabled = dctcp.dctcp_enabled;
  row.dctcp_info_ce_state = dctcp.dctcp_ce_state;
  row.dctcp_info_alpha = dctcp.dctcp_alpha;
  row.dctcp_info_ab_ecn = dctcp.dctcp_ab_ecn;
  row.dctcp_info_ab_tot = dctcp.dctcp_ab_tot;
  row.blocks |= Block::dctcp_info;
}

void read_bbr(std::span<const std::byte> value, record::Row& row) {
  tcp_bbr_info bbr{};
  if (!read(value, bbr)) return;
  row.bbr_info_bw_lo = bbr.bbr_bw_lo;
  row.bbr_info_bw_hi = bbr.bbr_bw_hi;
  row.bbr_info_min_rtt = bbr.bbr_min_rtt;
  row.bbr_info_pacing_gain = bbr.bbr_pacing_gain;
  row.bbr_info_cwnd_gain = bbr.bbr_cwnd_gain;
  row.blocks |= Block::bbr_info;
}

void read_ulp(std::span<const std::byte> value, record::Texts& texts, record::Row& row) {
  const auto walked = for_each_attribute(value, 0, [&](unsigned type, std::span<const std::byte> name, std::size_t /*offset*/) {
    if (type == kUlpName) row.ulp = texts.keep(text_in(name));
  });
  if (walked) return;
  ++row.unknown_attributes;  // it contradicts itself; the list around it was sound
  row.blocks |= Block::attributes;
}

// The kernel sends the shutdown state of every full socket, and of no other. A request socket is shown as SYN_RECV; what is left
// of a closed one as TIME_WAIT or, while its peer has not closed too, as FIN_WAIT2.
SocketKind kind_of(const inet_diag_msg& message, bool is_full) {
  if (is_full) return SocketKind::full;
  return message.idiag_state == static_cast<std::uint8_t>(TcpState::syn_received) ? SocketKind::request : SocketKind::time_wait;
}

}  // namespace

struct RowDecoder::Found {
  bool full = false;
  unsigned state_type = 0;  // of the congestion control's state: what it means may depend on the name, which may come later
  std::span<const std::byte> state{};
};

void RowDecoder::read_congestion_name(std::span<const std::byte> value, record::Row& into) {
  const std::string_view name = text_in(value);
  if (last_congestion_.view() != name) last_congestion_ = texts_->keep(name);
  into.congestion_algorithm_string = last_congestion_;
  into.congestion_algorithm_enum = record::congestion_algorithm_of(name);
  into.blocks |= Block::congestion;
}

// All three are asked for by vegas' bit. Where the kernel answers under vegas' type too, the name tells, else the length.
void RowDecoder::read_congestion_state(std::span<const std::byte> value, unsigned type, record::Row& into) const {
  const std::string_view name = into.congestion_algorithm_string.view();
  const bool by_vegas_type = type == INET_DIAG_VEGASINFO;
  if (type == INET_DIAG_BBRINFO || (by_vegas_type && (name.starts_with("bbr") || value.size() >= sizeof(tcp_bbr_info)))) {
    if (attributes_.has(Attribute::bbr)) read_bbr(value, into);
  } else if (type == INET_DIAG_DCTCPINFO || (by_vegas_type && name == "dctcp")) {
    if (attributes_.has(Attribute::dctcp)) read_dctcp(value, into);
  } else if (attributes_.has(Attribute::vegas)) {
    read_vegas(value, into);
  }
}

void RowDecoder::read_attribute(unsigned type, std::span<const std::byte> value, record::Row& into, Found& found) {
  const auto wanted = [&](Attribute attribute) { return attributes_.has(attribute); };
  switch (type) {
    case INET_DIAG_MEMINFO:
      if (wanted(Attribute::meminfo)) read_meminfo(value, into);
      return;
    case INET_DIAG_INFO:
      found.full = true;
      if (wanted(Attribute::info)) read_tcp_info(value, kernel_, into);
      return;
    case INET_DIAG_VEGASINFO:
    case INET_DIAG_DCTCPINFO:
    case INET_DIAG_BBRINFO:
      found.state_type = type;
      found.state = value;
      return;
    case INET_DIAG_CONG:
      if (wanted(Attribute::cong)) read_congestion_name(value, into);
      return;
    case INET_DIAG_TOS:
      if (wanted(Attribute::tos)) read_into<std::uint8_t>(value, into.type_of_service, Block::tos, into);
      return;
    case INET_DIAG_TCLASS:
      if (wanted(Attribute::tc)) read_into<std::uint8_t>(value, into.traffic_class, Block::traffic_class, into);
      return;
    case INET_DIAG_SKMEMINFO:
      if (wanted(Attribute::skmem)) read_skmem(value, into);
      return;
    case INET_DIAG_SHUTDOWN:
      found.full = true;
      if (wanted(Attribute::shut)) read_into<std::uint8_t>(value, into.shutdown_state, Block::shutdown, into);
      return;
    case INET_DIAG_SKV6ONLY:
      if (wanted(Attribute::v6only) && !value.empty()) {
        into.v6only = value[0] != std::byte{0};
        into.blocks |= Block::v6only;
      }
      return;
    case INET_DIAG_MARK:
      if (wanted(Attribute::mark)) read_into<std::uint32_t>(value, into.mark, Block::mark, into);
      return;
    case INET_DIAG_CLASS_ID:
      if (wanted(Attribute::classid)) read_into<std::uint32_t>(value, into.class_id, Block::class_id, into);
      return;
    case INET_DIAG_ULP_INFO:
      if (wanted(Attribute::ulp)) read_ulp(value, *texts_, into);
      return;
    case INET_DIAG_CGROUP_ID:
      if (wanted(Attribute::cgroup)) read_into<std::uint64_t>(value, into.c_group, Block::c_group, into);
      return;
    case INET_DIAG_SOCKOPT:
      if (wanted(Attribute::sockopt)) read_into<std::uint16_t>(value, into.sock_opt, Block::sock_opt, into);
      return;
    case INET_DIAG_PAD:
    case INET_DIAG_PROTOCOL:
      return;
    default:
      ++into.unknown_attributes;
      into.blocks |= Block::attributes;
  }
}

core::Result<SocketKind> RowDecoder::decode(const NetlinkMessage& message, record::Row& into) {
  if (message.payload.size() < sizeof(inet_diag_msg)) {
    return core::fail(malformed_reply(message.offset, "a socket of " + std::to_string(message.payload.size()) + " bytes"));
  }
  const auto head = read_as<inet_diag_msg>(message.payload);
  if (head.idiag_family != AF_INET && head.idiag_family != AF_INET6) return SocketKind::other_family;
  read_message(head, into);
  Found found;
  const auto walked = for_each_attribute(
      message.payload.subspan(sizeof head), message.offset + sizeof head,
      [&](unsigned type, std::span<const std::byte> value, std::size_t /*offset*/) { read_attribute(type, value, into, found); });
  if (!walked) return core::fail(walked.error());
  if (found.state_type != 0) read_congestion_state(found.state, found.state_type, into);
  const SocketKind kind = kind_of(head, found.full);
  if (kind == SocketKind::full) into.blocks |= Blocks{Block::queues} | Block::owner;
  return kind;
}

}  // namespace uncork::probe
