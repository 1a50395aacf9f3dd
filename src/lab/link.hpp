#pragma once
// Two network namespaces of our own, joined by a virtual Ethernet cable: segments of an Ethernet's size, and nobody else's
// traffic.

#include <functional>

#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::lab {

/// The namespaces have no name and live as long as something is in them: a Link, a process started inside, a socket. So nothing
/// can be left behind, however the lab ends. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN. One thread.
class Link {
 public:
  enum class End { near, far };

  /// MTU 1500; 198.18.0.1 near and 198.18.0.2 far, of the range for benchmarks (RFC 2544). Errors say what is missing.
  [[nodiscard]] static core::Result<Link> make();

  /// Runs `task` on this thread, inside. Sockets that it makes and processes that it starts stay there.
  [[nodiscard]] core::Status inside(End end, const std::function<core::Status()>& task) const;

  [[nodiscard]] static core::Endpoint address(End end, std::uint16_t port);

  /// A connection over it: one socket at each end, blocking.
  struct Sockets {
    core::Fd near;
    core::Fd far;
  };
  [[nodiscard]] core::Result<Sockets> connect() const;
  /// A connection from the far end to who listens at the near one.
  [[nodiscard]] core::Result<core::Fd> connect_to(const core::Endpoint& near) const;

 private:
  Link(core::Fd own, core::Fd near, core::Fd far) : own_(std::move(own)), near_(std::move(near)), far_(std::move(far)) {}

  core::Fd own_;
  core::Fd near_;
  core::Fd far_;
};

}  // namespace uncork::lab
