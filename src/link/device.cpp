#include "link/device.hpp"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "core/syscall.hpp"
#include "link/netlink.hpp"

namespace uncork::link {
namespace {

/// RTM_NEWLINK of a veth pair (rtnetlink(7)). Both ends are named alike.
nlmsghdr* write_cable(std::array<char, 4096>& buffer, const core::Fd& far) {
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
  return message;
}

sockaddr to_sockaddr(std::array<std::uint8_t, 4> bytes) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
  sockaddr address{};
  std::memcpy(&address, &in, sizeof in);
  return address;
}

/// Sets a device up with requests of netdevice(7), one at a time.
class Interface {
 public:
  explicit Interface(const char* device) : attempt_("bring up " + std::string(device)) {
    std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  }

  core::Status set(unsigned long what) {
    if (!control_) {
      const auto socket = core::checked("open a socket", [] { return ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
      if (!socket) return core::fail(socket.error());
      control_ = core::Fd(*socket);
    }
    const auto done = core::checked(attempt_, [&] { return ::ioctl(control_.get(), what, &request); });
    return done ? core::Status() : core::fail(done.error());
  }

  core::Status up() {
    request.ifr_flags = IFF_UP;
    return set(SIOCSIFFLAGS);
  }

  ifreq request{};

 private:
  std::string attempt_;
  core::Fd control_;
};

/// By netlink, since SIOCSIFTXQLEN takes the machine's own CAP_NET_ADMIN, which a user namespace does not give.
core::Status set_queue(const char* device, int packets) {
  std::array<char, 1024> buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = RTM_NEWLINK;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)));
  link->ifi_index = static_cast<int>(::if_nametoindex(device));
  mnl_attr_put_u32(message, IFLA_TXQLEN, static_cast<std::uint32_t>(packets));
  return ask_kernel("set the queue of " + std::string(device), message);
}

}  // namespace

core::Status make_cable(const core::Fd& far) {
  std::array<char, 4096> buffer{};
  auto made = ask_kernel("make a veth pair", write_cable(buffer, far));
  if (!made && made.error().system_errno == EOPNOTSUPP) {
    made.error().message += "; this kernel has no veth devices (CONFIG_VETH)";
  }
  return made;
}

core::Result<core::Fd> make_tunnel(int queue_packets) {
  auto tunnel = core::open_file("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (!tunnel) {
    core::Error error = tunnel.error();
    if (error.system_errno == ENOENT || error.system_errno == ENODEV) {
      error.message += "; a link with a delay, loss or a rate needs TUN devices (CONFIG_TUN, modprobe tun)";
    }
    return core::fail(std::move(error));
  }
  Interface device(kDevice);
  device.request.ifr_flags = IFF_TUN | IFF_NO_PI;
  const auto made = core::checked("make a TUN device", [&] { return ::ioctl(tunnel->get(), TUNSETIFF, &device.request); });
  if (!made) return core::fail(made.error());
  if (auto set = set_queue(kDevice, queue_packets); !set) return core::fail(set.error());
  return tunnel;
}

core::Status bring_up(const char* device) { return Interface(device).up(); }

core::Status bring_up(const char* device, int mtu_bytes) {
  Interface interface(device);
  interface.request.ifr_mtu = mtu_bytes;
  if (auto done = interface.set(SIOCSIFMTU); !done) return done;
  return interface.up();
}

core::Status bring_up(const char* device, const core::Endpoint& address, int mtu_bytes) {
  Interface interface(device);
  interface.request.ifr_mtu = mtu_bytes;
  if (auto done = interface.set(SIOCSIFMTU); !done) return done;
  interface.request.ifr_addr = to_sockaddr({address.bytes[0], address.bytes[1], address.bytes[2], address.bytes[3]});
  if (auto done = interface.set(SIOCSIFADDR); !done) return done;
  interface.request.ifr_netmask = to_sockaddr({255, 255, 255, 0});
  if (auto done = interface.set(SIOCSIFNETMASK); !done) return done;
  return interface.up();
}

}  // namespace uncork::link
