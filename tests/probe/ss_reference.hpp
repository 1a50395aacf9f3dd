#pragma once
// What ss(8) of iproute2 prints of the TCP sockets of a network namespace: the reference for our rows.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "record/row.hpp"

namespace uncork::probe::testing {

/// One socket: what is before the first named value under `state`, `recv_q`, `send_q`, `local` and `peer`, the rest under ss's
/// own names. What has parts is under `skmem.rb`, `retrans.total`, `timer.name`; a word without a value is there, with `1`.
using SsSocket = std::map<std::string, std::string>;

/// Reads a line of `ss -O`.
[[nodiscard]] SsSocket parse_ss(std::string_view line);

/// Of the calling thread's network namespace, by cookie: every TCP socket of every state. Throws where there is no ss.
[[nodiscard]] std::map<std::uint64_t, SsSocket> all_by_ss();

/// What is wrong with the row of a socket of which ss said this before and after the row was read: a line for each value that is
/// not the same, or, of times, not in between; and for each name of ss's that is neither compared nor known to be none of ours.
/// Empty: nothing.
[[nodiscard]] std::string differences_from_ss(const record::Row& row, const SsSocket& before, const SsSocket& after);

}  // namespace uncork::probe::testing
