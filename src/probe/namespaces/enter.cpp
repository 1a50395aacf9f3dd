#include "probe/namespaces/enter.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "core/syscall.hpp"
#include "probe/namespaces.hpp"

namespace uncork::probe {
namespace {

/// The device on which all namespaces are files (nsfs); 0: there is none.
dev_t namespace_device() {
  struct stat own{};
  return ::stat("/proc/self/ns/net", &own) == 0 ? own.st_dev : 0;
}

bool is_namespace(const std::string& path, dev_t device, std::uint64_t inode) {
  struct stat file{};
  return ::stat(path.c_str(), &file) == 0 && file.st_dev == device && file.st_ino == inode;
}

core::Fd socket_of_process(const HeldSocket& held) {
  const core::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, held.pid, 0)));
  if (!process) return {};
  return core::Fd(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), held.fd, 0)));
}

/// An empty descriptor, and errno: it is no socket in this namespace any more, or we may not look.
core::Fd open_by_socket(const HeldSocket& held, std::uint64_t inode) {
  const core::Fd socket = socket_of_process(held);
  if (!socket) return {};
  struct stat file{};
  errno = ENOENT;
  if (::fstat(socket.get(), &file) != 0 || !S_ISSOCK(file.st_mode)) return {};  // the number of an ioctl means much elsewhere
  core::Fd space(::ioctl(socket.get(), SIOCGSKNS));
  if (!space) return {};
  errno = ENOENT;
  return ::fstat(space.get(), &file) == 0 && file.st_ino == inode ? std::move(space) : core::Fd();
}

/// Those that vouch for its name. An inode and the number of a descriptor are used again at once: a process that held the
/// namespace of a mount that has gone may hold another by both.
std::span<const std::string> vouching_paths(const FoundNamespace& space) {
  return std::span(space.paths).first(space.mounts != 0 ? space.mounts : space.paths.size());
}

}  // namespace

core::Error gone_namespace(const FoundNamespace& space) {
  return {core::ErrorCode::not_found, ENOENT, "network namespace '" + space.name + "' is gone"};
}

bool leads_to(const std::string& path, std::uint64_t inode) { return is_namespace(path, namespace_device(), inode); }

bool still_leads_to(const FoundNamespace& space) {
  const dev_t device = namespace_device();
  return std::ranges::any_of(vouching_paths(space),
                             [&](const std::string& path) { return is_namespace(path, device, space.inode); });
}

core::Result<core::Fd> open_namespace(const FoundNamespace& space) {
  core::Error why = gone_namespace(space);
  const dev_t device = namespace_device();
  for (const std::string& path : vouching_paths(space)) {
    // Looked at before it is opened: by now it may be anything, and opening a pipe would wait.
    if (!is_namespace(path, device, space.inode)) continue;
    auto opened = core::open_file(path, O_RDONLY | O_NONBLOCK);
    if (!opened) {
      if (opened.error().code == core::ErrorCode::not_permitted) why = opened.error();
      continue;
    }
    struct stat file{};
    if (::fstat(opened->get(), &file) == 0 && file.st_ino == space.inode) return opened;
  }
  if (space.socket) {
    if (auto opened = open_by_socket(*space.socket, space.inode)) return opened;
    if (errno == EPERM || errno == EACCES) why = core::system_error("reach network namespace '" + space.name + "'", errno);
  }
  return core::fail(why);
}

core::Status enter_namespace(const FoundNamespace& space) {
  const auto opened = open_namespace(space);
  if (!opened) return core::fail(opened.error());
  const std::string attempt = "enter network namespace '" + space.name + "'";
  const auto entered = core::checked(attempt, [&] { return ::setns(opened->get(), CLONE_NEWNET); });
  if (!entered) {
    core::Error error = entered.error();
    if (error.code == core::ErrorCode::not_permitted) error.message += "; needs root (CAP_SYS_ADMIN)";
    if (error.system_errno == EINVAL)
      return core::fail(gone_namespace(space));  // an inode number of another kind of file, by chance
    return core::fail(error);
  }
  const auto inside = own_namespace();
  if (!inside) return core::fail(inside.error());
  if (*inside != space.inode) return core::fail(gone_namespace(space));
  return {};
}

}  // namespace uncork::probe
