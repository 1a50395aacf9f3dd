#include "cure/process_sockets.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "core/syscall.hpp"
#include "cure/pidfd.hpp"
#include "cure/refusal.hpp"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71  // Linux 5.14, asm-generic/socket.h
#endif

namespace uncork::cure {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

core::Result<std::uint64_t> get_option64(const core::Fd& socket, int option) {
  std::uint64_t value = 0;
  socklen_t size = sizeof value;
  const auto got = core::checked("getsockopt", [&] { return ::getsockopt(socket.get(), SOL_SOCKET, option, &value, &size); });
  if (!got) return core::fail(got.error());
  return value;
}

core::Result<TcpState> tcp_state(const core::Fd& socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  const auto got =
      core::checked("getsockopt TCP_INFO", [&] { return ::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size); });
  if (!got) return core::fail(got.error());
  return static_cast<TcpState>(info.tcpi_state);
}

core::Result<std::uint64_t> inode_of(const core::Fd& fd) {
  struct stat status{};
  const auto got = core::checked("fstat", [&] { return ::fstat(fd.get(), &status); });
  if (!got) return core::fail(got.error());
  return static_cast<std::uint64_t>(status.st_ino);
}

bool is_tcp(const core::Fd& fd) {  // the first call fails with ENOTSOCK on anything but a socket
  const auto domain = core::get_option(fd, SOL_SOCKET, SO_DOMAIN);
  if (!domain || (*domain != AF_INET && *domain != AF_INET6)) return false;
  const auto type = core::get_option(fd, SOL_SOCKET, SO_TYPE);
  const auto protocol = core::get_option(fd, SOL_SOCKET, SO_PROTOCOL);
  return type && *type == SOCK_STREAM && protocol && *protocol == IPPROTO_TCP;
}

core::Result<SocketId> socket_id(const core::Fd& socket, std::uint64_t netns_inode) {
  const auto cookie = get_option64(socket, SO_COOKIE);
  if (!cookie) return core::fail(cookie.error());
  const auto netns = get_option64(socket, SO_NETNS_COOKIE);
  return SocketId{*cookie, netns ? *netns : netns_inode};
}

core::Result<TcpSocket> look_at(const core::Fd& socket, int fd, std::uint64_t netns_inode, SocketOption option) {
  TcpSocket seen;
  seen.fd = fd;
  const auto id = socket_id(socket, netns_inode);
  if (!id) return core::fail(id.error());
  seen.id = *id;
  const auto state = tcp_state(socket);
  if (!state) return core::fail(state.error());
  seen.state = *state;
  const auto local = core::local_endpoint(socket);
  if (!local) return core::fail(local.error());
  seen.local = *local;
  if (const auto remote = core::peer_endpoint(socket)) seen.remote = *remote;  // ENOTCONN: none
  const auto set = is_set(socket, option);
  if (!set) return core::fail(set.error());
  seen.is_set = *set;
  return seen;
}

std::optional<int> descriptor_number(std::string_view name) {
  int fd = -1;
  const auto [end, err] = std::from_chars(name.data(), name.data() + name.size(), fd);
  if (err != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return fd;
}

core::Result<Directory> open_listing(const core::Fd& directory) {
  const auto fd =
      core::checked("open /proc/pid/fd", [&] { return ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (!fd) return core::fail(fd.error());
  core::Fd owned(*fd);
  Directory listing(::fdopendir(owned.get()));
  if (!listing) return core::fail(core::system_error("read /proc/pid/fd", errno));
  static_cast<void>(owned.release());  // closedir closes it from here on
  return listing;
}

core::Error explain_open(pid_t pid, const core::Error& error) {
  // pidfd_open refuses a thread's id with EINVAL, newer kernels with ENOENT.
  if (const auto status = core::read_file(fmt::format("/proc/{}/status", pid))) {
    const auto group = parse_status_field(*status, "Tgid:");
    if (group && *group != static_cast<std::uint64_t>(pid)) {
      return core::invalid_argument(
          fmt::format("process {}: that is a thread of process {}; give the process: --pid {}", pid, *group, *group));
    }
  }
  return explain_refusal(pid, error);
}

}  // namespace

std::string_view to_string(TcpState state) {
  switch (state) {
    case TcpState::established:
      return "ESTABLISHED";
    case TcpState::syn_sent:
      return "SYN_SENT";
    case TcpState::syn_recv:
    case TcpState::new_syn_recv:
      return "SYN_RECV";
    case TcpState::fin_wait1:
      return "FIN_WAIT1";
    case TcpState::fin_wait2:
      return "FIN_WAIT2";
    case TcpState::time_wait:
      return "TIME_WAIT";
    case TcpState::close:
      return "CLOSE";
    case TcpState::close_wait:
      return "CLOSE_WAIT";
    case TcpState::last_ack:
      return "LAST_ACK";
    case TcpState::listen:
      return "LISTEN";
    case TcpState::closing:
      return "CLOSING";
  }
  return "UNKNOWN";
}

std::optional<std::uint64_t> socket_inode(std::string_view link) {
  constexpr std::string_view kPrefix = "socket:[";
  if (!link.starts_with(kPrefix)) return std::nullopt;
  link.remove_prefix(kPrefix.size());
  std::uint64_t inode = 0;
  const auto [end, err] = std::from_chars(link.data(), link.data() + link.size(), inode);
  if (err != std::errc{} || end == link.data() + link.size() || *end != ']') return std::nullopt;
  return inode;
}

core::Result<ProcessSockets> ProcessSockets::open(pid_t pid, SocketOption option) {
  auto pidfd = pidfd_open(pid);
  if (!pidfd) return core::fail(explain_open(pid, pidfd.error()));
  auto identity = identify_process(pid);
  if (!identity) return core::fail(explain_refusal(pid, identity.error()));
  auto directory = core::open_file(fmt::format("/proc/{}/fd", pid), O_RDONLY | O_DIRECTORY);
  // Checked after everything was read by pid: while the process lives, its pid means nobody else.
  if (has_ended(*pidfd)) return core::fail(no_such_process(pid));
  if (!directory) return core::fail(explain_refusal(pid, directory.error()));
  struct stat netns{};
  const auto found =
      core::checked("stat network namespace", [&] { return ::stat(fmt::format("/proc/{}/ns/net", pid).c_str(), &netns); });
  if (!found) return core::fail(has_ended(*pidfd) ? no_such_process(pid) : explain_refusal(pid, found.error()));
  return ProcessSockets(std::move(*identity), std::move(*pidfd), std::move(*directory), netns.st_ino, option);
}

bool ProcessSockets::ended() const { return has_ended(pidfd_); }

core::Result<std::vector<SocketFd>> ProcessSockets::list() const {
  const auto listing = open_listing(directory_);
  if (!listing) return core::fail(explain_refusal(identity_.pid, listing.error()));
  std::vector<SocketFd> found;
  for (errno = 0; const dirent* entry = ::readdir(listing->get()); errno = 0) {
    const auto fd = descriptor_number(entry->d_name);
    if (!fd) continue;
    char link[64];
    const auto length = ::readlinkat(directory_.get(), entry->d_name, link, sizeof link);
    if (length < 0 && errno == ENOENT) continue;  // closed since
    if (length < 0) return core::fail(explain_refusal(identity_.pid, core::system_error("read /proc/pid/fd", errno)));
    const auto inode = socket_inode({link, static_cast<std::size_t>(length)});
    if (inode) found.push_back({*fd, *inode});
  }
  if (errno != 0) return core::fail(explain_refusal(identity_.pid, core::system_error("read /proc/pid/fd", errno)));
  std::ranges::sort(found, {}, &SocketFd::fd);
  std::set<std::uint64_t> known;
  std::erase_if(found, [&](const SocketFd& socket) { return !known.insert(socket.inode).second; });
  return found;
}

core::Result<std::optional<core::Fd>> ProcessSockets::duplicate_fd(int fd) const {
  auto copy = pidfd_getfd(pidfd_, fd);
  if (copy) return std::optional(std::move(*copy));
  if (copy.error().system_errno == EBADF) return std::nullopt;
  return core::fail(explain_refusal(identity_.pid, copy.error()));
}

core::Result<Inspection> ProcessSockets::inspect(int fd) const {
  const auto copy = duplicate_fd(fd);
  if (!copy) return core::fail(copy.error());
  Inspection found;
  if (!*copy) return found;
  const auto inode = inode_of(**copy);
  if (!inode) return core::fail(explain_refusal(identity_.pid, inode.error()));
  found.inode = *inode;
  found.kind = is_tcp(**copy) ? Inspection::Kind::tcp : Inspection::Kind::other;
  if (found.kind == Inspection::Kind::other) return found;
  const auto socket = look_at(**copy, fd, netns_inode_, option_);
  if (!socket) return core::fail(explain_refusal(identity_.pid, socket.error()));
  found.socket = *socket;
  return found;
}

core::Result<std::optional<core::Fd>> ProcessSockets::duplicate(const TcpSocket& socket) const {
  auto copy = duplicate_fd(socket.fd);
  if (!copy || !*copy) return copy;
  if (!is_tcp(**copy)) return std::nullopt;
  const auto id = socket_id(**copy, netns_inode_);
  if (!id) return core::fail(explain_refusal(identity_.pid, id.error()));
  if (*id != socket.id) return std::nullopt;
  return copy;
}

}  // namespace uncork::cure
