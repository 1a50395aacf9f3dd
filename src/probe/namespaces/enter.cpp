#include "probe/namespaces/enter.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/syscall.hpp"
#include "probe/namespaces.hpp"

namespace uncork::probe {
namespace {

core::Error gone(const FoundNamespace& space) {
  return {core::ErrorCode::not_found, ENOENT, "network namespace '" + space.name + "' is gone"};
}

bool is_namespace(const std::string& path, std::uint64_t inode) {
  struct stat own{};
  struct stat file{};
  return ::stat("/proc/self/ns/net", &own) == 0 && ::stat(path.c_str(), &file) == 0 && file.st_dev == own.st_dev &&
         file.st_ino == inode;
}

}  // namespace

core::Result<core::Fd> open_namespace(const FoundNamespace& space) {
  core::Error why = gone(space);
  for (const std::string& path : space.paths) {
    // Looked at before it is opened: by now it may be anything, and opening a pipe would wait.
    if (!is_namespace(path, space.inode)) continue;
    auto opened = core::open_file(path, O_RDONLY | O_NONBLOCK);
    if (!opened) {
      if (opened.error().code == core::ErrorCode::not_permitted) why = opened.error();
      continue;
    }
    struct stat file{};
    if (::fstat(opened->get(), &file) == 0 && file.st_ino == space.inode) return opened;
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
    if (error.system_errno == EINVAL) return core::fail(gone(space));  // an inode number of another kind of file, by chance
    return core::fail(error);
  }
  const auto inside = own_namespace();
  if (!inside) return core::fail(inside.error());
  if (*inside != space.inode) return core::fail(gone(space));
  return {};
}

}  // namespace uncork::probe
