#pragma once
// Netlink's framing: the messages of a datagram and the attributes of a message. Sans-I/O; any bytes, any alignment.

#include <linux/netlink.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "core/result.hpp"

namespace uncork::probe {

/// The kernel's answer makes no sense at `byte` of the datagram.
[[nodiscard]] core::Error malformed_reply(std::size_t byte, const std::string& what);

/// What the kernel says when it refuses (NLMSG_ERROR, or NLMSG_DONE with an errno).
[[nodiscard]] core::Error refused_by_kernel(int err);

template <typename T>
[[nodiscard]] T read_as(std::span<const std::byte> bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// One message of a datagram. Points into it.
struct NetlinkMessage {
  nlmsghdr header{};
  std::span<const std::byte> payload;
  std::size_t offset = 0;  ///< of the payload in the datagram
};

/// The messages of a datagram, one after the other. Not libmnl's walk: its mnl_nlmsg_ok of 1.0.4 takes a length above 2 GiB for a
/// negative one and accepts it.
class NetlinkMessages {
 public:
  explicit NetlinkMessages(std::span<const std::byte> datagram) : datagram_(datagram) {}

  /// False at the end. An error names the byte at which a message contradicts the datagram's length.
  [[nodiscard]] core::Result<bool> next(NetlinkMessage& into);

 private:
  std::span<const std::byte> datagram_;
  std::size_t offset_ = 0;
};

/// The errno with which an NLMSG_ERROR or an NLMSG_DONE begins, as a positive number; 0: success. A DONE may be without one (old
/// kernels).
[[nodiscard]] core::Result<int> errno_of(const NetlinkMessage& message);

/// Calls `visit(type, value, offset)` for each attribute in `bytes`, which begin at `offset` of the datagram.
template <typename Visit>
[[nodiscard]] core::Status for_each_attribute(std::span<const std::byte> bytes, std::size_t offset, Visit&& visit) {
  while (bytes.size() >= sizeof(nlattr)) {
    const auto header = read_as<nlattr>(bytes);
    if (header.nla_len < sizeof(nlattr) || header.nla_len > bytes.size()) {
      return core::fail(malformed_reply(offset, "an attribute of " + std::to_string(header.nla_len) + " bytes where " +
                                                    std::to_string(bytes.size()) + " are left"));
    }
    visit(static_cast<unsigned>(header.nla_type & NLA_TYPE_MASK), bytes.subspan(sizeof header, header.nla_len - sizeof header),
          offset);
    const std::size_t step = std::min((std::size_t{header.nla_len} + 3) & ~std::size_t{3}, bytes.size());
    bytes = bytes.subspan(step);
    offset += step;
  }
  return {};
}

}  // namespace uncork::probe
