#include "tests/probe/diag_reference.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "core/syscall.hpp"
#include "record/catalogue.hpp"

namespace uncork::probe::testing {
namespace {

struct InfoField {
  const char* name;
  std::size_t offset;
  std::size_t size;
};

// struct tcp_info of Linux 6.18; the bit fields of bytes 6 and 7 are read apart.
constexpr InfoField kInfo[] = {
    {"tcp_info_state", 0, 1},
    {"tcp_info_ca_state", 1, 1},
    {"tcp_info_retransmits", 2, 1},
    {"tcp_info_probes", 3, 1},
    {"tcp_info_backoff", 4, 1},
    {"tcp_info_options", 5, 1},
    {"tcp_info_rto", 8, 4},
    {"tcp_info_ato", 12, 4},
    {"tcp_info_snd_mss", 16, 4},
    {"tcp_info_rcv_mss", 20, 4},
    {"tcp_info_unacked", 24, 4},
    {"tcp_info_sacked", 28, 4},
    {"tcp_info_lost", 32, 4},
    {"tcp_info_retrans", 36, 4},
    {"tcp_info_fackets", 40, 4},
    {"tcp_info_last_data_sent", 44, 4},
    {"tcp_info_last_ack_sent", 48, 4},
    {"tcp_info_last_data_recv", 52, 4},
    {"tcp_info_last_ack_recv", 56, 4},
    {"tcp_info_pmtu", 60, 4},
    {"tcp_info_rcv_ssthresh", 64, 4},
    {"tcp_info_rtt", 68, 4},
    {"tcp_info_rtt_var", 72, 4},
    {"tcp_info_snd_ssthresh", 76, 4},
    {"tcp_info_snd_cwnd", 80, 4},
    {"tcp_info_adv_mss", 84, 4},
    {"tcp_info_reordering", 88, 4},
    {"tcp_info_rcv_rtt", 92, 4},
    {"tcp_info_rcv_space", 96, 4},
    {"tcp_info_total_retrans", 100, 4},
    {"tcp_info_pacing_rate", 104, 8},
    {"tcp_info_max_pacing_rate", 112, 8},
    {"tcp_info_bytes_acked", 120, 8},
    {"tcp_info_bytes_received", 128, 8},
    {"tcp_info_segs_out", 136, 4},
    {"tcp_info_segs_in", 140, 4},
    {"tcp_info_not_sent_bytes", 144, 4},
    {"tcp_info_min_rtt", 148, 4},
    {"tcp_info_data_segs_in", 152, 4},
    {"tcp_info_data_segs_out", 156, 4},
    {"tcp_info_delivery_rate", 160, 8},
    {"tcp_info_busy_time", 168, 8},
    {"tcp_info_rwnd_limited", 176, 8},
    {"tcp_info_sndbuf_limited", 184, 8},
    {"tcp_info_delivered", 192, 4},
    {"tcp_info_delivered_ce", 196, 4},
    {"tcp_info_bytes_sent", 200, 8},
    {"tcp_info_bytes_retrans", 208, 8},
    {"tcp_info_dsack_dups", 216, 4},
    {"tcp_info_reord_seen", 220, 4},
    {"tcp_info_rcv_ooopack", 224, 4},
    {"tcp_info_snd_wnd", 228, 4},
    {"tcp_info_rcv_wnd", 232, 4},
    {"tcp_info_rehash", 236, 4},
    {"tcp_info_total_rto", 240, 2},
    {"tcp_info_total_rto_recoveries", 242, 2},
    {"tcp_info_total_rto_time", 244, 4},
    {"tcp_info_received_ce", 248, 4},
    {"tcp_info_delivered_e1_bytes", 252, 4},
    {"tcp_info_delivered_e0_bytes", 256, 4},
    {"tcp_info_delivered_ce_bytes", 260, 4},
    {"tcp_info_received_e1_bytes", 264, 4},
    {"tcp_info_received_e0_bytes", 268, 4},
    {"tcp_info_received_ce_bytes", 272, 4},
};

std::uint64_t number(std::span<const std::byte> bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;  // little endian, as this machine
  std::memcpy(&value, bytes.subspan(offset, size).data(), size);
  return value;
}

void take_info(std::span<const std::byte> info, Reference& into) {
  for (const InfoField& field : kInfo) {
    if (field.offset + field.size <= info.size()) into[field.name] = number(info, field.offset, field.size);
  }
  into["tcp_info_send_scale"] = number(info, 6, 1) & 15;
  into["tcp_info_rcv_scale"] = number(info, 6, 1) >> 4;
  into["tcp_info_delivery_rate_app_limited"] = number(info, 7, 1) & 1;
  into["tcp_info_fast_open_client_failed"] = number(info, 7, 1) >> 1 & 3;
}

void take_numbers(std::span<const std::byte> payload, std::initializer_list<const char*> names, Reference& into) {
  std::size_t at = 0;
  for (const char* name : names) {
    into[name] = number(payload, at, 4);
    at += 4;
  }
}

void take_attribute(std::uint16_t type, std::span<const std::byte> payload, Reference& into) {
  switch (type) {
    case INET_DIAG_MEMINFO:
      take_numbers(payload, {"mem_info_rmem", "mem_info_wmem", "mem_info_fmem", "mem_info_tmem"}, into);
      break;
    case INET_DIAG_SKMEMINFO:
      take_numbers(
          payload,
          {"sk_mem_info_rmem_alloc", "sk_mem_info_rcv_buf", "sk_mem_info_wmem_alloc", "sk_mem_info_snd_buf",
           "sk_mem_info_fwd_alloc", "sk_mem_info_wmem_queued", "sk_mem_info_optmem", "sk_mem_info_backlog", "sk_mem_info_drops"},
          into);
      break;
    case INET_DIAG_TOS:
      into["type_of_service"] = number(payload, 0, 1);
      break;
    case INET_DIAG_TCLASS:
      into["traffic_class"] = number(payload, 0, 1);
      break;
    case INET_DIAG_SKV6ONLY:
      into["v6only"] = number(payload, 0, 1);
      break;
    case INET_DIAG_SHUTDOWN:
      into["shutdown_state"] = number(payload, 0, 1);
      break;
    case INET_DIAG_MARK:
      into["mark"] = number(payload, 0, 4);
      break;
    case INET_DIAG_CLASS_ID:
      into["class_id"] = number(payload, 0, 4);
      break;
    case INET_DIAG_CGROUP_ID:
      into["c_group"] = number(payload, 0, 8);
      break;
    case INET_DIAG_SOCKOPT:
      into["sock_opt"] = number(payload, 0, 2);
      break;
    case INET_DIAG_BBRINFO:
      take_numbers(payload,
                   {"bbr_info_bw_lo", "bbr_info_bw_hi", "bbr_info_min_rtt", "bbr_info_pacing_gain", "bbr_info_cwnd_gain"}, into);
      break;
    default:
      break;
  }
}

void take_message(const inet_diag_msg& message, Reference& into) {
  into["inet_diag_msg_family"] = message.idiag_family;
  into["inet_diag_msg_state"] = message.idiag_state;
  into["inet_diag_msg_timer"] = message.idiag_timer;
  into["inet_diag_msg_retrans"] = message.idiag_retrans;
  into["inet_diag_msg_socket_source_port"] = ntohs(message.id.idiag_sport);
  into["inet_diag_msg_socket_destination_port"] = ntohs(message.id.idiag_dport);
  into["inet_diag_msg_socket_interface"] = message.id.idiag_if;
  into["inet_diag_msg_expires"] = message.idiag_expires;
  into["inet_diag_msg_rqueue"] = message.idiag_rqueue;
  into["inet_diag_msg_wqueue"] = message.idiag_wqueue;
  into["inet_diag_msg_uid"] = message.idiag_uid;
  into["inet_diag_msg_inode"] = message.idiag_inode;
}

core::Fd ask(std::uint8_t family) {
  core::Fd diag(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = family;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_ext = 0xff;
  request.body.idiag_states = 0x1fff;
  if (::send(diag.get(), &request, sizeof request, 0) < 0) throw std::runtime_error("cannot ask for a dump");
  return diag;
}

bool take_dump(std::uint8_t family, std::uint64_t cookie, Reference& into) {
  const core::Fd diag = ask(family);
  std::vector<std::byte> buffer(1 << 16);
  bool found = false;
  for (;;) {
    const auto got = ::recv(diag.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) throw std::runtime_error("the dump ended early");
    std::span<const std::byte> rest = std::span(buffer).first(static_cast<std::size_t>(got));
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header{};
      std::memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_type == NLMSG_DONE) return found;
      if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) throw std::runtime_error("the dump failed");
      inet_diag_msg message{};
      std::memcpy(&message, rest.data() + sizeof header, sizeof message);
      const std::uint64_t its = std::uint64_t{message.id.idiag_cookie[1]} << 32 | message.id.idiag_cookie[0];
      if (its == cookie) {
        found = true;
        take_message(message, into);
        std::span<const std::byte> attributes = rest.first(header.nlmsg_len).subspan(sizeof header + sizeof message);
        while (attributes.size() >= sizeof(nlattr)) {
          nlattr attribute{};
          std::memcpy(&attribute, attributes.data(), sizeof attribute);
          take_attribute(attribute.nla_type, attributes.first(attribute.nla_len).subspan(sizeof attribute), into);
          attributes = attributes.subspan(std::min<std::size_t>(attributes.size(), NLMSG_ALIGN(attribute.nla_len)));
        }
      }
      rest = rest.subspan(std::min<std::size_t>(rest.size(), NLMSG_ALIGN(header.nlmsg_len)));
    }
  }
}

}  // namespace

std::uint64_t cookie_of(const core::Fd& socket) {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) throw std::runtime_error("no SO_COOKIE");
  return cookie;
}

Reference reference_of(const core::Fd& socket) {
  constexpr int kTcpInfo = 11;
  Reference reference;
  std::array<std::byte, 280> info{};
  socklen_t size = info.size();
  if (::getsockopt(socket.get(), IPPROTO_TCP, kTcpInfo, info.data(), &size) != 0) throw std::runtime_error("no TCP_INFO");
  take_info(std::span(info).first(size), reference);
  const std::uint64_t cookie = reference["inet_diag_msg_socket_cookie"] = cookie_of(socket);
  if (!take_dump(AF_INET, cookie, reference) && !take_dump(AF_INET6, cookie, reference)) {
    throw std::runtime_error("the kernel does not list the socket");
  }
  return reference;
}

std::string differences(const record::Row& row, const Reference& before, const Reference& after) {
  std::string wrong;
  for (const auto& [name, first] : before) {
    const record::Field* field = record::find_field(name);
    if (field == nullptr) {
      wrong += name + ": no such field\n";
      continue;
    }
    const auto value = record::number_of(row, *field);
    const std::uint64_t second = after.contains(name) ? after.at(name) : first;
    const auto [low, high] = std::minmax(first, second);
    if (value && *value >= low && *value <= high) continue;
    wrong += name + ": " + (value ? std::to_string(*value) : "unknown") + ", the kernel says " + std::to_string(low) +
             (low == high ? "" : " to " + std::to_string(high)) + "\n";
  }
  return wrong;
}

}  // namespace uncork::probe::testing
