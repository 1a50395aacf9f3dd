#include "lab/link.hpp"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::lab {
namespace {

constexpr const char* kDevice = "uncork0";
constexpr const char* kThisThread = "/proc/thread-self/ns/net";

core::Status enter(const core::Fd& namespace_fd) {
  const auto entered = core::checked("enter a network namespace", [&] { return ::setns(namespace_fd.get(), CLONE_NEWNET); });
  return entered ? core::Status() : core::fail(entered.error());
}

core::Result<core::Fd> make_namespace() {
  const auto left = core::checked("make a network namespace", [] { return ::unshare(CLONE_NEWNET); });
  if (!left) {
    core::Error error = left.error();
    if (error.code == core::ErrorCode::not_permitted) error.message += "; the link of this scenario needs root (CAP_SYS_ADMIN)";
    return core::fail(std::move(error));
  }
  return core::open_file(kThisThread, O_RDONLY | O_CLOEXEC);
}

struct CloseNetlink {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};

/// RTM_NEWLINK of a veth pair (rtnetlink(7)): one end here, the other in the namespace `far`. Both are named alike.
core::Status make_cable(const core::Fd& far) {
  const std::string attempt = "make a veth pair";
  const std::unique_ptr<mnl_socket, CloseNetlink> socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) return core::fail(core::system_error(attempt, errno));
  std::array<char, 4096> buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = RTM_NEWLINK;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
  mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
  mnl_attr_put_strz(message, IFLA_IFNAME, kDevice);
  nlattr* info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_str(message, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  nlattr* peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
  mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
  mnl_attr_put_strz(message, IFLA_IFNAME, kDevice);
  mnl_attr_put_u32(message, IFLA_NET_NS_FD, static_cast<std::uint32_t>(far.get()));
  mnl_attr_nest_end(message, peer);
  mnl_attr_nest_end(message, data);
  mnl_attr_nest_end(message, info);
  if (mnl_socket_sendto(socket.get(), message, message->nlmsg_len) < 0) return core::fail(core::system_error(attempt, errno));
  const ssize_t got = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());  // the kernel answers at once
  if (got < 0) return core::fail(core::system_error(attempt, errno));
  if (mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 0, mnl_socket_get_portid(socket.get()), nullptr, nullptr) < 0) {
    core::Error error = core::system_error(attempt, errno);
    if (error.system_errno == EOPNOTSUPP) error.message += "; this kernel has no veth devices (CONFIG_VETH)";
    return core::fail(std::move(error));
  }
  return {};
}

sockaddr to_sockaddr(std::array<std::uint8_t, 4> bytes) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
  sockaddr address{};
  std::memcpy(&address, &in, sizeof in);
  return address;
}

core::Status bring_up(const char* device, const core::Endpoint* address) {
  const auto socket = core::checked("open a socket", [] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
  if (!socket) return core::fail(socket.error());
  const core::Fd control(*socket);
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  const auto set = [&](unsigned long what) -> core::Status {
    const auto done = core::checked("bring up " + std::string(device), [&] { return ::ioctl(control.get(), what, &request); });
    return done ? core::Status() : core::fail(done.error());
  };
  if (address != nullptr) {
    request.ifr_addr = to_sockaddr({address->bytes[0], address->bytes[1], address->bytes[2], address->bytes[3]});
    if (auto done = set(SIOCSIFADDR); !done) return done;
    request.ifr_netmask = to_sockaddr({255, 255, 255, 0});
    if (auto done = set(SIOCSIFNETMASK); !done) return done;
  }
  request.ifr_flags = IFF_UP;
  return set(SIOCSIFFLAGS);
}

}  // namespace

core::Endpoint Link::address(End end, std::uint16_t port) {
  const std::uint8_t host = end == End::near ? 1 : 2;
  return {core::Endpoint::Family::v4, {198, 18, 0, host}, port};
}

core::Result<Link> Link::make() {
  auto own = core::open_file(kThisThread, O_RDONLY | O_CLOEXEC);
  if (!own) return core::fail(own.error());
  auto near = make_namespace();
  auto far = near ? make_namespace() : core::Result<core::Fd>(core::fail(near.error()));
  const auto back = enter(*own);
  if (!far) return core::fail(far.error());
  if (!back) return core::fail(back.error());
  Link link(std::move(*own), std::move(*near), std::move(*far));
  auto made = link.inside(End::near, [&] { return make_cable(link.far_); });
  for (const End end : {End::near, End::far}) {
    const core::Endpoint at = address(end, 0);
    if (made) made = link.inside(end, [] { return bring_up("lo", nullptr); });
    if (made) made = link.inside(end, [&] { return bring_up(kDevice, &at); });
  }
  if (!made) return core::fail(made.error());
  return link;
}

core::Status Link::inside(End end, const std::function<core::Status()>& task) const {
  if (auto entered = enter(end == End::near ? near_ : far_); !entered) return entered;
  auto done = task();
  if (auto back = enter(own_); !back) return back;
  return done;
}

core::Result<core::Fd> Link::connect_to(const core::Endpoint& near) const {
  core::Result<core::Fd> socket;
  const auto done = inside(End::far, [&]() -> core::Status {
    socket = core::tcp_connect(near);
    return {};
  });
  if (!done) return core::fail(done.error());
  return socket;
}

core::Result<Link::Sockets> Link::connect() const {
  core::Result<core::Fd> listener;
  const auto done = inside(End::near, [&]() -> core::Status {
    listener = core::tcp_listen(address(End::near, 0));
    return {};
  });
  if (!done) return core::fail(done.error());
  if (!listener) return core::fail(listener.error());
  const auto at = core::local_endpoint(*listener);
  if (!at) return core::fail(at.error());
  auto far = connect_to(*at);
  if (!far) return core::fail(far.error());
  auto near = core::tcp_accept(*listener);
  if (!near) return core::fail(near.error());
  return Sockets{std::move(*near), std::move(*far)};
}

}  // namespace uncork::lab
