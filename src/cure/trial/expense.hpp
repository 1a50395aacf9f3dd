#pragma once
// What a trial's processes spend: CPU time, and the segments that their sockets send.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "cure/process_sockets.hpp"

namespace uncork::cure {

/// All threads of the process, ended ones too, in nanoseconds: the process's CPU clock (clock_getcpuclockid(3)), which needs no
/// right and is finer than the ticks of /proc/PID/stat. nullopt: there is no such process.
[[nodiscard]] std::optional<std::uint64_t> cpu_nanoseconds(pid_t pid);

/// So many segments sent by each connection, bare ACKs included (tcp_info.tcpi_segs_out, RFC 4898 tcpEStatsPerfSegsOut).
using SegmentCounts = std::map<SocketId, std::uint64_t>;

/// Of the processes' connections, with that port at either end if one is given. A socket that closes meanwhile, or a process that
/// ends, is left out; so is what cannot be looked at.
[[nodiscard]] SegmentCounts count_segments(const std::vector<pid_t>& pids, std::optional<std::uint16_t> port);

/// What was sent between two counts; `opened`: connections that began in between, so far as is known. nullopt when more than a
/// tenth of the connections is in one count only or in neither, since what these sent is not known.
[[nodiscard]] std::optional<double> segments_between(const SegmentCounts& before, const SegmentCounts& after,
                                                     std::uint64_t opened);

}  // namespace uncork::cure
