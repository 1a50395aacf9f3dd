#pragma once
// From what the kernel's pass says of a socket to its row, in the units of tcp_info. Sans-I/O.

#include <cstddef>
#include <cstdint>

#include "core/result.hpp"
#include "probe/bpf/socket_facts.h"
#include "record/row.hpp"

namespace uncork::probe {

/// The running kernel's units and age.
struct KernelUnits {
  std::uint32_t tick_ns = 4'000'000;  ///< one jiffy
  std::size_t tcp_info_bytes = 0;     ///< length of its struct tcp_info: which fields it has

  /// Of the running kernel. The errors are those of socket(2).
  [[nodiscard]] static core::Result<KernelUnits> running();
};

/// One socket as the pass wrote it; `ledger` is null where there is none.
struct SocketFacts {
  const uncork_socket_facts* socket = nullptr;
  const uncork_ledger_facts* ledger = nullptr;
};

/// Those at a place, into which they point.
[[nodiscard]] SocketFacts socket_at(const uncork_pass_place& place);

/// Fills all of `into` that comes from the kernel's pass but the texts. `clock_ms` is CLOCK_MONOTONIC now.
///
/// The values are those that inet_diag and tcp_get_info() would give (Linux 6.18), with these differences: the socket is not
/// locked, so they may be of two moments a few hundred nanoseconds apart; and the delayed-ACK timeout does not know of a route's
/// own least RTO.
void fill_row(const SocketFacts& facts, const KernelUnits& units, std::uint32_t clock_ms, record::Row& into);

}  // namespace uncork::probe
