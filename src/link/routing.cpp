#include "link/routing.hpp"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "link/netlink.hpp"

namespace uncork::link {
namespace {

using Buffer = std::array<char, 1024>;

nlmsghdr* begin_rule(Buffer& buffer, std::uint16_t type, std::uint16_t flags, std::uint32_t table) {
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = type;
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  auto* rule = static_cast<fib_rule_hdr*>(mnl_nlmsg_put_extra_header(message, sizeof(fib_rule_hdr)));
  rule->family = AF_INET;
  rule->action = FR_ACT_TO_TBL;
  mnl_attr_put_u32(message, FRA_TABLE, table);
  return message;
}

std::uint32_t as_number(const core::Endpoint& address) {
  std::uint32_t number = 0;
  std::memcpy(&number, address.bytes.data(), sizeof number);
  return number;
}

}  // namespace

core::Status add_rule(std::uint32_t priority, std::uint32_t table, const char* device) {
  Buffer buffer{};
  nlmsghdr* message = begin_rule(buffer, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, table);
  mnl_attr_put_u32(message, FRA_PRIORITY, priority);
  if (device != nullptr) mnl_attr_put_strz(message, FRA_IIFNAME, device);
  return ask_kernel("add a rule for routes", message);
}

core::Status remove_rule(std::uint32_t table) {
  Buffer buffer{};
  return ask_kernel("remove a rule for routes", begin_rule(buffer, RTM_DELRULE, 0, table));
}

core::Status add_route(const core::Endpoint& network, std::uint8_t bits, const char* device, const core::Endpoint& source,
                       std::uint32_t table) {
  const unsigned index = ::if_nametoindex(device);
  if (index == 0) return core::fail(core::system_error("add a route", errno));
  Buffer buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = RTM_NEWROUTE;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  auto* route = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtmsg)));
  route->rtm_family = AF_INET;
  route->rtm_dst_len = bits;
  route->rtm_protocol = RTPROT_STATIC;
  route->rtm_scope = RT_SCOPE_LINK;
  route->rtm_type = RTN_UNICAST;
  mnl_attr_put_u32(message, RTA_DST, as_number(network));
  mnl_attr_put_u32(message, RTA_OIF, index);
  mnl_attr_put_u32(message, RTA_PREFSRC, as_number(source));
  mnl_attr_put_u32(message, RTA_TABLE, table);
  return ask_kernel("add a route", message);
}

}  // namespace uncork::link
