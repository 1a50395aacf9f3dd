#include "cure/own_cgroup.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::cure {
namespace {

/// The kernel removes a group's last process from it when that is reaped, at the latest.
constexpr int kTries = 100;
constexpr unsigned kBetweenTriesUs = 10'000;

core::Result<core::Fd> mount_cgroups() {
  const std::string attempt = "mount the control groups (cgroup v2)";
  const auto failed = [&]() -> core::Error {
    core::Error error = core::system_error(attempt, errno);
    if (error.code == core::ErrorCode::not_permitted) error.message += "; needs root (CAP_SYS_ADMIN)";
    if (error.system_errno == ENODEV) error.message += "; this kernel has no cgroup v2 (CONFIG_CGROUPS)";
    return error;
  };
  // By number: glibc has the wrappers since 2.36, older headers do not declare them.
  core::Fd context(static_cast<int>(::syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC)));
  if (!context) return core::fail(failed());
  if (::syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return core::fail(failed());
  core::Fd mounted(static_cast<int>(::syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC, 0)));
  if (!mounted) return core::fail(failed());
  return mounted;
}

/// Ours of cgroup v2, relative to the root of the mount; empty: the root.
core::Result<std::string> own_path() {
  const auto text = core::read_file("/proc/self/cgroup");  // cgroups(7): 0::/path
  if (!text) return core::fail(text.error());
  const std::string_view mark = "0::/";
  std::size_t at = text->starts_with(mark) ? 0 : text->find("\n0::/");
  if (at == std::string::npos) return std::string();
  at = text->find("::/", at) + 3;
  std::string path = text->substr(at, text->find('\n', at) - at);
  const bool outside = path.starts_with("..");  // of the cgroup namespace: its root is all that we may use
  return outside ? std::string() : path;
}

core::Result<core::Fd> open_below(const core::Fd& folder, const std::string& path, int flags) {
  const auto opened =
      core::checked("open control group /" + path, [&] { return ::openat(folder.get(), path.c_str(), flags | O_CLOEXEC); });
  if (!opened) return core::fail(opened.error());
  return core::Fd(*opened);
}

}  // namespace

core::Result<OwnCgroup> OwnCgroup::make() {
  auto root = mount_cgroups();
  if (!root) return core::fail(root.error());
  const auto path = own_path();
  if (!path) return core::fail(path.error());
  auto parent = open_below(*root, path->empty() ? "." : *path, O_RDONLY | O_DIRECTORY);
  if (!parent) return core::fail(parent.error());
  OwnCgroup made;
  const std::string name = "uncork-run-" + std::to_string(::getpid());
  const auto folder = core::checked("make a control group", [&] { return ::mkdirat(parent->get(), name.c_str(), 0755); });
  if (!folder && folder.error().system_errno != EEXIST) return core::fail(folder.error());  // of a dead one that had our pid
  made.parent_ = std::move(*parent);
  made.name_ = name;
  auto opened = open_below(made.parent_, name, O_RDONLY | O_DIRECTORY);
  if (!opened) return core::fail(opened.error());
  made.folder_ = std::move(*opened);
  auto procs = open_below(made.folder_, "cgroup.procs", O_WRONLY);
  if (!procs) return core::fail(procs.error());
  made.procs_ = std::move(*procs);
  return made;
}

OwnCgroup::~OwnCgroup() {
  if (name_.empty() || !parent_) return;
  procs_.reset();
  folder_.reset();
  for (int i = 0; i < kTries; ++i) {
    if (::unlinkat(parent_.get(), name_.c_str(), AT_REMOVEDIR) == 0 || errno != EBUSY) return;
    ::usleep(kBetweenTriesUs);
  }
}

}  // namespace uncork::cure
