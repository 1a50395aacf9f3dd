#include "lab/chatty/line_client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::lab {

core::Result<LineClient> LineClient::connect(const core::Endpoint& server) {
  auto socket = core::tcp_connect(server);
  if (!socket) return core::fail(socket.error());
  const timeval limit{10, 0};
  const auto set = core::checked("setsockopt SO_RCVTIMEO",
                                 [&] { return ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit); });
  if (!set) return core::fail(set.error());
  return LineClient(std::move(*socket));
}

core::Result<ExchangeTime> LineClient::exchange(unsigned lines) {
  constexpr std::string_view kRequest = "list cases\r\n";
  ExchangeTime time;
  std::array<std::byte, 16384> chunk{};
  const core::Time begin = core::MonotonicClock::now();
  if (auto sent = core::send_all(socket_, std::as_bytes(std::span(kRequest))); !sent) return core::fail(sent.error());
  for (std::ptrdiff_t seen = 0; seen < static_cast<std::ptrdiff_t>(lines);) {
    const auto got = core::read_some(socket_, chunk, "read the answer");
    if (!got) return core::fail(got.error());
    if (got->kind != core::ReadOutcome::Kind::bytes) {
      return core::fail(
          core::Error{core::ErrorCode::refused, 0, "read the answer: the server closed the connection or was silent for 10 s"});
    }
    seen += std::count(chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got->count), std::byte{'\n'});
    ++time.chunks;
  }
  time.wall = core::MonotonicClock::now() - begin;
  return time;
}

}  // namespace uncork::lab
