#include "probe/diag/close_listener.hpp"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>

#include "core/syscall.hpp"
#include "probe/namespaces.hpp"

namespace uncork::probe {
namespace {

constexpr std::uint32_t kGroups = 1U << (SKNLGRP_INET_TCP_DESTROY - 1) | 1U << (SKNLGRP_INET6_TCP_DESTROY - 1);

core::Result<DiagChannel> open_channel() {
  auto channel = DiagChannel::open(kGroups);
  if (!channel) return channel;
  // Without the right to go beyond the system's limit, as far as that.
  if (!core::set_option(channel->fd(), SOL_SOCKET, SO_RCVBUFFORCE, CloseListener::kBufferBytes)) {
    (void)core::set_option(channel->fd(), SOL_SOCKET, SO_RCVBUF, CloseListener::kBufferBytes).has_value();
  }
  return channel;
}

}  // namespace

core::Result<CloseListener> CloseListener::open(Reach reach) {
  const auto inode = own_namespace();
  if (!inode) return core::fail(inode.error());
  auto channel = open_channel();
  if (!channel) return core::fail(channel.error());
  const bool numbered =
      reach == Reach::numbered && core::set_option(channel->fd(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1).has_value();
  return CloseListener(std::move(*channel), *inode, numbered);
}

bool CloseListener::hears(const FoundNamespace& space) const {
  return space.inode == own_inode_ || (hears_numbered_ && space.nsid) || inside_.contains(space.inode);
}

core::Status CloseListener::listen_inside(const FoundNamespace& space) {
  auto channel = open_channel();
  if (!channel) return core::fail(channel.error());
  inside_.insert_or_assign(space.inode, std::move(*channel));
  return {};
}

void CloseListener::keep_only(std::span<const FoundNamespace> spaces) {
  by_number_.clear();
  for (const FoundNamespace& space : spaces) {
    if (space.nsid) by_number_.insert_or_assign(*space.nsid, space.inode);
  }
  std::erase_if(inside_, [&](const auto& entry) {
    return std::ranges::none_of(
        spaces, [&](const FoundNamespace& space) { return space.inode == entry.first && !(hears_numbered_ && space.nsid); });
  });
}

std::uint64_t CloseListener::take(const std::function<void(std::uint64_t, std::span<const std::byte>)>& on_datagram) {
  std::uint64_t losses = 0;
  const auto drain = [&](const DiagChannel& channel, std::uint64_t inode) {
    for (;;) {
      const auto got = channel.receive(buffer_, std::nullopt);
      if (!got || (got->datagram.empty() && !got->overflow)) return;
      if (got->overflow || got->truncated) {
        ++losses;
        continue;
      }
      if (!got->nsid) {
        on_datagram(inode, got->datagram);
      } else {
        const auto known = by_number_.find(static_cast<std::uint32_t>(*got->nsid));
        on_datagram(known == by_number_.end() ? 0 : known->second, got->datagram);
      }
    }
  };
  drain(own_, own_inode_);
  for (const auto& [inode, channel] : inside_) drain(channel, inode);
  return losses;
}

std::vector<int> CloseListener::descriptors() const {
  std::vector<int> all{own_.fd().get()};
  for (const auto& [inode, channel] : inside_) all.push_back(channel.fd().get());
  return all;
}

int CloseListener::buffer_bytes() const { return core::get_option(own_.fd(), SOL_SOCKET, SO_RCVBUF).value_or(0); }

}  // namespace uncork::probe
