#include "link/netlink.hpp"

#include <libmnl/libmnl.h>

#include <array>
#include <cerrno>
#include <memory>

namespace uncork::link {
namespace {

struct CloseNetlink {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};
using Netlink = std::unique_ptr<mnl_socket, CloseNetlink>;

}  // namespace

core::Status ask_kernel(std::string_view attempt, const nlmsghdr* request) {
  const auto failed = [&] { return core::fail(core::system_error(attempt, errno)); };
  const Netlink socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) return failed();
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) return failed();
  std::array<char, 4096> answer{};
  const ssize_t got = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
  if (got < 0) return failed();
  const unsigned port = mnl_socket_get_portid(socket.get());
  if (mnl_cb_run(answer.data(), static_cast<std::size_t>(got), 0, port, nullptr, nullptr) < 0) return failed();
  return {};
}

}  // namespace uncork::link
