#pragma once
// A network namespace of our own, without a name: it is gone with the last descriptor, process or socket in it.

#include <cstdint>
#include <functional>
#include <utility>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::link {

/// Owns a descriptor of the namespace. Move-only; any thread may use it.
class Namespace {
 public:
  /// With loopback up. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN; the error says so. The calling thread stays where it is.
  [[nodiscard]] static core::Result<Namespace> make();

  /// Runs `task` on this thread, inside. Sockets that it makes and processes that it starts stay there. The thread is back where
  /// it was on return, also if `task` throws. May be nested.
  [[nodiscard]] core::Status inside(const std::function<core::Status()>& task) const;

  /// The inode by which the kernel and the witness name it.
  [[nodiscard]] core::Result<std::uint64_t> inode() const;
  [[nodiscard]] const core::Fd& handle() const { return handle_; }

 private:
  explicit Namespace(core::Fd handle) : handle_(std::move(handle)) {}
  core::Fd handle_;
};

}  // namespace uncork::link
