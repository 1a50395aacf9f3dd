#pragma once
// Two network namespaces of our own and one packet link between them: with a round trip, loss, a rate and a queue if asked for,
// and nobody else's traffic.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "link/carrier.hpp"
#include "link/impairments.hpp"
#include "link/namespace.hpp"

namespace uncork::link {

/// Which end of a link; by itself neither is a client or a server.
enum class End : std::uint8_t { near, far };

struct LinkOptions {
  Impairments impairments = {};
  int mtu_bytes = 1500;  ///< the largest packet, headers included; a segment then carries 1448 bytes
};

/// Without impairments it is a pair of virtual Ethernet devices, as fast as the kernel is; with some, each end has a TUN device
/// and a thread of ours carries the packets, without offloads: what TCP sends is what the link carries. The namespaces have no
/// name and live as long as something is in them: a Link, a process started inside, a socket. So nothing can be left behind,
/// however the program ends. Needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN), with impairments also /dev/net/tun. Move-only; any
/// thread may use it.
class Link {
 public:
  /// 198.18.0.1 near and 198.18.0.2 far, of the range for benchmarks (RFC 2544). Errors say what is missing, or which option is
  /// unusable.
  [[nodiscard]] static core::Result<Link> make(const LinkOptions& options = {});

  /// Runs `task` on this thread, inside. Sockets that it makes and processes that it starts stay there. The thread is back on
  /// return, also if `task` throws.
  [[nodiscard]] core::Status inside(End end, const std::function<core::Status()>& task) const;
  /// Sets a sysctl of one end's namespace: `net.ipv4.tcp_congestion_control`, `cubic`. For sockets that are made afterwards.
  [[nodiscard]] core::Status set_sysctl(End end, const std::string& name, const std::string& value) const;

  [[nodiscard]] static core::Endpoint address(End end, std::uint16_t port);

  /// A connection over it: one socket at each end, blocking.
  struct Sockets {
    core::Fd near;
    core::Fd far;
  };
  /// `client` connects, the other end accepts.
  [[nodiscard]] core::Result<Sockets> connect(End client) const;
  /// A connection from that end to who listens at the other one.
  [[nodiscard]] core::Result<core::Fd> connect_from(End client, const core::Endpoint& server) const;

  /// The next TCP segment with payload that leaves the near end is lost; nothing after it. Only with impairments: else an
  /// assertion.
  void drop_next_segment();
  /// Whether it has been lost.
  [[nodiscard]] bool dropped() const;
  /// What became of the packets that left that end; all zero without impairments.
  [[nodiscard]] Counters counters(End from) const;

 private:
  Link(Namespace near, Namespace far) : near_(std::move(near)), far_(std::move(far)) {}
  [[nodiscard]] const Namespace& at(End end) const { return end == End::near ? near_ : far_; }
  core::Status join(const LinkOptions& options);

  Namespace near_;
  Namespace far_;
  std::unique_ptr<Carrier> carrier_;  // none: a cable
};

}  // namespace uncork::link
