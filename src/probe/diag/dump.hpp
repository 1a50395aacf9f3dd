#pragma once
// A dump of TCP sockets: what is asked, and how its answer is read. Sans-I/O.

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/result.hpp"
#include "probe/diag/netlink.hpp"
#include "probe/tcp_info.hpp"

namespace uncork::probe {

/// A set of TCP states as the kernel counts them (enum TcpState, and 12 for a request socket): bit n is state n.
using StateSet = std::uint32_t;
[[nodiscard]] constexpr StateSet state_bit(TcpState state) { return 1U << static_cast<unsigned>(state); }
inline constexpr StateSet kRequestSockets = 1U << 12;
/// Every state, request sockets included, but not the bound, unconnected ones of bit 13: those make the kernel walk another table
/// (measured: 70 us a dump).
inline constexpr StateSet kAllStates = 0x1ffe;

/// What is asked of the kernel. A value.
struct DumpRequest {
  std::uint8_t extensions = 0;  ///< Attributes::request_bits()
  StateSet states = kAllStates;
  std::optional<std::uint16_t> port{};  ///< at either end
  std::uint32_t sequence = 1;
};

/// The request as one datagram, in one buffer for all.
class DumpDatagram {
 public:
  explicit DumpDatagram(const DumpRequest& request);
  [[nodiscard]] std::span<const std::byte> bytes() const { return std::span(buffer_).first(length_); }

 private:
  alignas(nlmsghdr) std::array<std::byte, 128> buffer_{};
  std::size_t length_ = 0;
};

enum class Reply : bool { more, complete };

/// Reads one datagram of the answer to request `sequence` and calls `on_socket(message)`, which gives a Status, for each socket.
/// The kernel's own refusal and a message that contradicts its length are errors, which name the byte; messages of other requests
/// are skipped. `interrupted` becomes true when the kernel says that sockets changed while they were listed.
template <typename OnSocket>
[[nodiscard]] core::Result<Reply> read_dump_reply(std::span<const std::byte> datagram, std::uint32_t sequence, bool& interrupted,
                                                  OnSocket&& on_socket) {
  NetlinkMessages messages(datagram);
  NetlinkMessage message;
  for (;;) {
    const auto more = messages.next(message);
    if (!more) return core::fail(more.error());
    if (!*more) return Reply::more;
    if (message.header.nlmsg_seq != sequence) continue;
    if ((message.header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
    if (message.header.nlmsg_type == NLMSG_ERROR || message.header.nlmsg_type == NLMSG_DONE) {
      const auto err = errno_of(message);
      if (!err) return core::fail(err.error());
      if (*err != 0) return core::fail(refused_by_kernel(*err));
      return Reply::complete;
    }
    if (message.header.nlmsg_type != TCPDIAG_GETSOCK && message.header.nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
    if (message.payload.size() < sizeof(inet_diag_msg)) {
      return core::fail(malformed_reply(message.offset, "a socket of " + std::to_string(message.payload.size()) + " bytes"));
    }
    if (auto read = on_socket(message); !read) return core::fail(read.error());
  }
}

}  // namespace uncork::probe
