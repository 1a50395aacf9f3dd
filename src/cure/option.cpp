#include "cure/option.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <time.h>

#include <cerrno>

#include "core/syscall.hpp"

#ifndef TCP_DELACK_MAX_US
#define TCP_DELACK_MAX_US 46  // Linux 6.15, uapi/linux/tcp.h
#endif

namespace uncork::cure {
namespace {

/// TCP_DELACK_MAX (include/net/tcp.h), in microseconds.
constexpr int kLongestAckDelay = 200'000;

core::Error explain(const core::Error& error) {
  if (error.system_errno != ENOPROTOOPT) return error;
  return {core::ErrorCode::not_supported, ENOPROTOOPT,
          "this kernel has no TCP_DELACK_MAX_US (Linux 6.15), so acknowledgements cannot be hurried from outside; of a route "
          "they can "
          "be: ip route change ROUTE quickack 1, with ROUTE as ip route shows it"};
}

}  // namespace

std::string_view name(SocketOption option) { return option == SocketOption::nodelay ? "TCP_NODELAY" : "TCP_DELACK_MAX_US"; }

std::string_view word(SocketOption option) { return option == SocketOption::nodelay ? "nodelay" : "quickack"; }

core::Micros shortest_ack_delay() {
  // The coarse clock advances once a tick, and the kernel says by how much (KTIME_LOW_RES).
  timespec resolution{};
  ::clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
  return core::Micros(2 * resolution.tv_nsec / 1000);
}

core::Result<bool> is_set(const core::Fd& socket, SocketOption option) {
  const bool nodelay = option == SocketOption::nodelay;
  const auto value = core::get_option(socket, IPPROTO_TCP, nodelay ? TCP_NODELAY : TCP_DELACK_MAX_US);
  if (!value) return core::fail(explain(value.error()));
  return *value != (nodelay ? 0 : kLongestAckDelay);
}

core::Status set(const core::Fd& socket, SocketOption option, bool on) {
  if (option == SocketOption::nodelay) return core::set_option(socket, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
  const int longest = on ? static_cast<int>(shortest_ack_delay().count()) : kLongestAckDelay;
  const auto done = core::set_option(socket, IPPROTO_TCP, TCP_DELACK_MAX_US, longest);
  if (!done) return core::fail(explain(done.error()));
  // What waits now need not wait out its 40 ms.
  return on ? core::set_option(socket, IPPROTO_TCP, TCP_QUICKACK, 1) : done;
}

}  // namespace uncork::cure
