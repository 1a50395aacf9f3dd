#pragma once
// Rows of a source as these tests feed them.

#include "probe/source.hpp"

namespace uncork::check::testing {

inline constexpr const char* kNetns = "net:[1]";

inline core::Endpoint at(std::uint16_t port) { return {core::Endpoint::Family::v4, {127, 0, 0, 1}, port}; }

/// An end at `local` of a process that does not exist, with `lost` of `exchanges` times 10 ms.
inline probe::ConnectionRow row(std::uint64_t cookie, const char* program, std::uint16_t local, std::uint16_t remote,
                                core::Micros lost = core::Micros(0), std::uint64_t exchanges = 1) {
  probe::ConnectionRow row;
  row.where.cookie = cookie;
  row.where.process = {4'194'301, program};  // no pid of any process, but of those that a kernel may give
  row.where.local = at(local);
  row.where.remote = at(remote);
  row.where.netns = kNetns;
  row.account.exchanges = exchanges;
  row.account.budget[stall::Cause::nagle_delayed_ack] = lost;
  row.account.budget[stall::Cause::network] = core::Micros(10'000) * static_cast<std::int64_t>(exchanges) - lost;
  return row;
}

inline probe::ConnectionRow ended(probe::ConnectionRow row) {
  row.ended = true;
  return row;
}

}  // namespace uncork::check::testing
