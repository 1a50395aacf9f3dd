#include "uncork/stream/tcp_progress.hpp"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstddef>

namespace uncork::stream {
namespace {

constexpr unsigned kTcpClose = 7;  // include/net/tcp_states.h: TCP_CLOSE
constexpr int kMostTries = 16;     // an ACK between the two readings makes them disagree; it seldom does so twice

std::optional<tcp_info> read_info(int socket) noexcept {
  tcp_info info{};
  socklen_t length = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
  if (length < offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) return std::nullopt;
  return info;
}

}  // namespace

std::optional<tcp_progress> read_tcp_progress(int socket) noexcept {
  auto info = read_info(socket);
  for (int i = 0; info && i < kMostTries; ++i) {
    int queued = 0;
    if (::ioctl(socket, SIOCOUTQ, &queued) != 0) return std::nullopt;
    const auto again = read_info(socket);
    if (!again) return std::nullopt;
    if (again->tcpi_bytes_acked == info->tcpi_bytes_acked || i + 1 == kMostTries) {
      return tcp_progress{again->tcpi_bytes_acked, static_cast<std::uint64_t>(queued), std::chrono::microseconds(again->tcpi_rtt),
                          again->tcpi_state == kTcpClose};
    }
    info = again;
  }
  return std::nullopt;
}

}  // namespace uncork::stream
