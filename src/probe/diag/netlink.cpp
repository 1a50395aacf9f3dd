#include "probe/diag/netlink.hpp"

#include <cerrno>

namespace uncork::probe {
namespace {

constexpr const char* kAttempt = "list TCP sockets (inet_diag)";

constexpr std::size_t aligned(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

}  // namespace

core::Error malformed_reply(std::size_t byte, const std::string& what) {
  return {core::ErrorCode::system, 0,
          std::string(kAttempt) + ": the kernel's reply is malformed at byte " + std::to_string(byte) + ": " + what};
}

core::Error refused_by_kernel(int err) {
  core::Error error = core::system_error(kAttempt, err);
  if (err == ENOENT || err == EINVAL) {
    error.code = core::ErrorCode::not_supported;
    error.message += "; this needs a kernel with CONFIG_INET_DIAG and CONFIG_INET_TCP_DIAG (modprobe tcp_diag)";
  }
  return error;
}

core::Result<bool> NetlinkMessages::next(NetlinkMessage& into) {
  if (offset_ >= datagram_.size()) return false;
  const std::span<const std::byte> left = datagram_.subspan(offset_);
  if (left.size() < sizeof(nlmsghdr)) return core::fail(malformed_reply(offset_, "half a message header"));
  into.header = read_as<nlmsghdr>(left);
  const std::size_t length = into.header.nlmsg_len;
  if (length < sizeof(nlmsghdr) || length > left.size()) {
    return core::fail(malformed_reply(
        offset_, "a message of " + std::to_string(length) + " bytes where " + std::to_string(left.size()) + " are left"));
  }
  into.payload = left.subspan(sizeof(nlmsghdr), length - sizeof(nlmsghdr));
  into.offset = offset_ + sizeof(nlmsghdr);
  offset_ += aligned(length);
  return true;
}

core::Result<int> errno_of(const NetlinkMessage& message) {
  if (message.payload.size() < sizeof(int)) {
    if (message.header.nlmsg_type == NLMSG_DONE) return 0;
    return core::fail(malformed_reply(message.offset, "an error without its number"));
  }
  const int negative = read_as<int>(message.payload);
  return negative < 0 && negative > -4096 ? -negative : 0;
}

}  // namespace uncork::probe
