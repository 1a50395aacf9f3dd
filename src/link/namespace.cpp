#include "link/namespace.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <utility>

#include "core/syscall.hpp"
#include "link/device.hpp"

namespace uncork::link {
namespace {

constexpr const char* kThisThread = "/proc/thread-self/ns/net";

core::Status enter(const core::Fd& handle) {
  const auto entered = core::checked("enter a network namespace", [&] { return ::setns(handle.get(), CLONE_NEWNET); });
  return entered ? core::Status() : core::fail(entered.error());
}

/// Where this thread was, and is again when this object goes.
class Return {
 public:
  explicit Return(core::Fd to) : to_(std::move(to)) {}
  ~Return() { UNCORK_ASSERT(enter(to_)); }  // who could enter another namespace may return; and nothing could go on elsewhere
  Return(const Return&) = delete;
  Return& operator=(const Return&) = delete;

 private:
  core::Fd to_;
};

}  // namespace

core::Result<Namespace> Namespace::make() {
  auto own = core::open_file(kThisThread, O_RDONLY | O_CLOEXEC);
  if (!own) return core::fail(own.error());
  const auto left = core::checked("make a network namespace", [] { return ::unshare(CLONE_NEWNET); });
  if (!left) {
    core::Error error = left.error();
    if (error.code == core::ErrorCode::not_permitted) error.message += "; a link of our own needs root (CAP_SYS_ADMIN)";
    return core::fail(std::move(error));
  }
  const Return back(std::move(*own));
  if (auto up = bring_up("lo"); !up) return core::fail(up.error());
  auto handle = core::open_file(kThisThread, O_RDONLY | O_CLOEXEC);
  if (!handle) return core::fail(handle.error());
  return Namespace(std::move(*handle));
}

core::Status Namespace::inside(const std::function<core::Status()>& task) const {
  auto own = core::open_file(kThisThread, O_RDONLY | O_CLOEXEC);
  if (!own) return core::fail(own.error());
  if (auto entered = enter(handle_); !entered) return entered;
  const Return back(std::move(*own));
  return task();
}

core::Result<std::uint64_t> Namespace::inode() const {
  struct stat status{};
  const auto looked = core::checked("look at a network namespace", [&] { return ::fstat(handle_.get(), &status); });
  if (!looked) return core::fail(looked.error());
  return status.st_ino;
}

}  // namespace uncork::link
