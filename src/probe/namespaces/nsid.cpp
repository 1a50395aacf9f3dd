#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "core/syscall.hpp"
#include "probe/diag/netlink.hpp"
#include "probe/namespaces/discovery.hpp"
#include "probe/namespaces/enter.hpp"

namespace uncork::probe {
namespace {

struct NsidRequest {
  nlmsghdr header;
  rtgenmsg family;
  std::array<char, 3> padding;
  nlattr attribute;
  std::uint32_t descriptor;
};
static_assert(sizeof(NsidRequest) == 28);

std::optional<std::uint32_t> read_nsid(std::span<const std::byte> datagram, std::uint32_t sequence) {
  NetlinkMessages messages(datagram);
  NetlinkMessage message;
  while (messages.next(message).value_or(false)) {
    if (message.header.nlmsg_seq != sequence || message.header.nlmsg_type != RTM_NEWNSID) continue;
    if (message.payload.size() < 4) continue;
    std::optional<std::uint32_t> nsid;
    const auto walked = for_each_attribute(message.payload.subspan(4), message.offset + 4,
                                           [&](unsigned type, std::span<const std::byte> value, std::size_t /*offset*/) {
                                             if (type != NETNSA_NSID || value.size() < sizeof(int)) return;
                                             const int number = read_as<int>(value);
                                             if (number >= 0) nsid = static_cast<std::uint32_t>(number);  // -1: it has none
                                           });
    return walked ? nsid : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> ask(const core::Fd& route, const core::Fd& space, std::uint32_t sequence) {
  NsidRequest request{};
  request.header = {sizeof request, RTM_GETNSID, NLM_F_REQUEST, sequence, 0};
  request.family.rtgen_family = AF_UNSPEC;
  request.attribute = {sizeof(nlattr) + sizeof(std::uint32_t), NETNSA_FD};
  request.descriptor = static_cast<std::uint32_t>(space.get());
  if (::send(route.get(), &request, sizeof request, 0) < 0) return std::nullopt;
  std::array<std::byte, 1024> answer{};
  const ssize_t got = ::recv(route.get(), answer.data(), answer.size(), MSG_DONTWAIT);  // rtnetlink answers inside send
  if (got < 0) return std::nullopt;
  return read_nsid(std::span<const std::byte>(answer).first(static_cast<std::size_t>(got)), sequence);
}

}  // namespace

void look_up_nsids(std::span<FoundNamespace> spaces) {
  const core::Fd route(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!route) return;
  std::uint32_t sequence = 0;
  for (FoundNamespace& space : spaces) {
    const auto opened = open_namespace(space);
    if (opened) space.nsid = ask(route, *opened, ++sequence);
  }
}

}  // namespace uncork::probe
