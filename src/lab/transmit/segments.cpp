#include "lab/transmit/segments.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <span>

#include "core/syscall.hpp"
#include "probe/tcp_info.hpp"

namespace uncork::lab {

core::Result<Segments> read_segments(int socket) {
  std::array<std::byte, 512> bytes{};
  socklen_t length = bytes.size();
  const auto got =
      core::checked("read TCP_INFO", [&] { return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, bytes.data(), &length); });
  if (!got) return core::fail(got.error());
  const probe::TcpInfo info = probe::decode_tcp_info(std::span(bytes).first(length));
  if (!info.data_segs_out) {
    return core::fail(
        core::Error{core::ErrorCode::not_supported, 0, "count segments: this kernel does not; Linux 4.6 or newer does"});
  }
  return Segments{*info.data_segs_out, info.total_retrans, info.snd_mss};
}

}  // namespace uncork::lab
