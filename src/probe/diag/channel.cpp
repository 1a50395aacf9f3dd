#include "probe/diag/channel.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

constexpr const char* kAttempt = "list TCP sockets (inet_diag)";

constexpr core::Micros kDumpPatience = std::chrono::seconds(2);

std::optional<int> nsid_in(msghdr& message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr; control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != SOL_NETLINK || control->cmsg_type != NETLINK_LISTEN_ALL_NSID) continue;
    int nsid = 0;
    std::memcpy(&nsid, CMSG_DATA(control), sizeof nsid);
    return nsid;
  }
  return std::nullopt;
}

}  // namespace

core::Result<DiagChannel> DiagChannel::open(std::uint32_t groups) {
  const auto opened = core::checked("open a netlink socket (sock_diag)", [] {
    return ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  });
  if (!opened) return core::fail(opened.error());
  DiagChannel channel{core::Fd(*opened)};
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  const auto bound = core::checked("bind a netlink socket (sock_diag)", [&] {
    return ::bind(channel.fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  });
  if (!bound) return core::fail(bound.error());
  return channel;
}

core::Status DiagChannel::send(std::span<const std::byte> request) const {
  const auto sent = core::checked(kAttempt, [&] { return ::send(fd_.get(), request.data(), request.size(), 0); });
  if (!sent) return core::fail(sent.error());
  return {};
}

core::Result<DiagChannel::Received> DiagChannel::receive(std::span<std::byte> buffer, std::optional<core::Time> deadline) const {
  for (;;) {
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<std::byte, 64> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd_.get(), &message, 0);
    if (got >= 0) {
      return Received{.datagram = std::span<const std::byte>(buffer).first(static_cast<std::size_t>(got)),
                      .overflow = false,
                      .truncated = (message.msg_flags & MSG_TRUNC) != 0,
                      .nsid = nsid_in(message)};
    }
    if (errno == EINTR) continue;
    if (errno == ENOBUFS) return Received{.datagram = {}, .overflow = true};
    if (errno != EAGAIN) return core::fail(core::system_error(kAttempt, errno));
    if (!deadline) return Received{};
    const auto readable = core::wait_readable(fd_, deadline);
    if (!readable) return core::fail(readable.error());
    if (!*readable) return Received{};
  }
}

core::Result<std::span<const std::byte>> receive_dump(const DiagChannel& channel, std::span<std::byte> buffer) {
  const auto failed = [](int err, const char* what) {
    return core::fail({core::ErrorCode::system, err, std::string(kAttempt) + ": " + what});
  };
  const auto got = channel.receive(buffer, core::MonotonicClock::now() + kDumpPatience);
  if (!got) return core::fail(got.error());
  if (got->overflow) return failed(ENOBUFS, "the kernel had no memory for a part of the list");
  if (got->truncated) return failed(EMSGSIZE, "a part of the list was larger than the buffer and was cut off");
  if (got->datagram.empty()) return failed(ETIMEDOUT, "the list stopped short of its end");
  return got->datagram;
}

}  // namespace uncork::probe
