#pragma once
// The published collector's request for sockets, and how it reads the answer: each attribute is walked and tcp_info is copied.

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>

#include "bench/socket_holder.hpp"

namespace uncork::bench {

/// Asks for the IPv4 sockets of the namespace that the thread is in (ext 0xfe, states 0x3fff); the answer is read from what it
/// returns.
inline core::Fd request_dump() {
  core::Fd diag(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!diag) give_up(core::system_error("open a diag socket", errno));
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = AF_INET;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_ext = 0xfe;
  request.body.idiag_states = 0x3fff;
  if (::send(diag.get(), &request, sizeof request, 0) < 0) give_up(core::system_error("ask for a dump", errno));
  return diag;
}

/// Adds the sockets of one datagram to `rows`. Whether more datagrams come.
inline bool walk_datagram(std::span<std::byte> datagram, std::size_t& rows) {
  std::array<std::byte, 280> info{};
  auto left = static_cast<unsigned>(datagram.size());
  for (auto* message = reinterpret_cast<nlmsghdr*>(datagram.data()); NLMSG_OK(message, left);
       message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type == NLMSG_DONE) return false;
    if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY) give_up(core::Error{core::ErrorCode::system, 0, "the dump failed"});
    ++rows;
    std::size_t at = NLMSG_ALIGN(NLMSG_HDRLEN + sizeof(inet_diag_msg));
    while (at + sizeof(nlattr) <= message->nlmsg_len) {
      const auto* attribute = reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(message) + at);
      if (attribute->nla_type == INET_DIAG_INFO) {
        std::memcpy(info.data(), attribute + 1, std::min(info.size(), std::size_t{attribute->nla_len} - sizeof(nlattr)));
      }
      at += NLMSG_ALIGN(attribute->nla_len);
    }
  }
  return true;
}

}  // namespace uncork::bench
