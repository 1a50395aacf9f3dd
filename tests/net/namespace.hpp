#pragma once
// A network namespace of a test's own. Nameless: it is gone when the last descriptor into it is closed, so nothing can stay.

#include <cstdint>
#include <functional>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::net_test {

/// Owns a namespace with loopback up. Needs root.
class Namespace {
 public:
  [[nodiscard]] static core::Result<Namespace> make();

  /// Runs `task` on a thread inside, and returns when it has. Sockets that it opens stay inside, whoever uses them later. What it
  /// throws is thrown here.
  void run(const std::function<void()>& task) const;

  /// The inode by which the kernel and the witness name it.
  [[nodiscard]] std::uint64_t inode() const;

 private:
  explicit Namespace(core::Fd handle) : handle_(std::move(handle)) {}
  core::Fd handle_;
};

/// Gives an interface of the calling thread's namespace an IPv4 address with the netmask 255.255.255.0 (none if null) and
/// brings it up.
[[nodiscard]] core::Status bring_up(const char* interface, const char* address);

}  // namespace uncork::net_test
