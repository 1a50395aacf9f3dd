#include "cure/trial/expense.hpp"

#include <linux/tcp.h>  // its tcp_info is the whole one
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cstddef>

namespace uncork::cure {
namespace {

std::optional<std::uint64_t> segments_of(const core::Fd& socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  if (size < offsetof(tcp_info, tcpi_segs_out) + sizeof info.tcpi_segs_out) return std::nullopt;  // Linux before 4.2
  return info.tcpi_segs_out;
}

void count(const ProcessSockets& process, std::optional<std::uint16_t> port, SegmentCounts& into) {
  const auto listed = process.list();
  if (!listed) return;
  for (const SocketFd& socket : *listed) {
    const auto found = process.inspect(socket.fd);
    if (!found || found->kind != Inspection::Kind::tcp || !found->socket.connected()) continue;
    const TcpSocket& tcp = found->socket;
    if (port && tcp.local.port != *port && tcp.remote->port != *port) continue;
    const auto copy = process.duplicate(tcp);
    if (!copy || !*copy) continue;
    if (const auto segments = segments_of(**copy)) into[tcp.id] = *segments;
  }
}

}  // namespace

std::optional<std::uint64_t> cpu_nanoseconds(pid_t pid) {
  clockid_t clock{};
  timespec spent{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &spent) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(spent.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(spent.tv_nsec);
}

SegmentCounts count_segments(const std::vector<pid_t>& pids, std::optional<std::uint16_t> port) {
  SegmentCounts counts;
  for (const pid_t pid : pids) {
    if (const auto process = ProcessSockets::open(pid)) count(*process, port, counts);
  }
  return counts;
}

std::optional<double> segments_between(const SegmentCounts& before, const SegmentCounts& after, std::uint64_t opened) {
  std::uint64_t sent = 0;
  std::uint64_t lasting = 0;
  std::uint64_t fresh = 0;
  for (const auto& [socket, segments] : after) {
    const auto known = before.find(socket);
    (known == before.end() ? fresh : lasting) += 1;
    // tcpi_segs_out has 32 bits, and may have gone round.
    sent += known == before.end() ? segments : static_cast<std::uint32_t>(segments - known->second);
  }
  const std::uint64_t unknown = before.size() - lasting + (opened > fresh ? opened - fresh : 0);
  const std::uint64_t all = lasting + fresh + unknown;
  if (all == 0 || unknown * 10 > all) return std::nullopt;
  return static_cast<double>(sent);
}

}  // namespace uncork::cure
