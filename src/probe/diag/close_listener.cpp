#include "probe/diag/close_listener.hpp"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <unordered_set>
#include <utility>

#include "core/syscall.hpp"
#include "probe/namespaces.hpp"

namespace uncork::probe {
namespace {

constexpr std::uint32_t kGroups = 1U << (SKNLGRP_INET_TCP_DESTROY - 1) | 1U << (SKNLGRP_INET6_TCP_DESTROY - 1);

core::Result<DiagChannel> open_channel(int bytes) {
  auto channel = DiagChannel::open(kGroups);
  if (!channel) return channel;
  // Without the right to go beyond the system's limit, as far as that.
  if (!core::set_option(channel->fd(), SOL_SOCKET, SO_RCVBUFFORCE, bytes)) {
    (void)core::set_option(channel->fd(), SOL_SOCKET, SO_RCVBUF, bytes).has_value();
  }
  return channel;
}

}  // namespace

core::Result<CloseListener> CloseListener::open(Reach reach, int bytes) {
  const auto inode = own_namespace();
  if (!inode) return core::fail(inode.error());
  auto channel = open_channel(bytes);
  if (!channel) return core::fail(channel.error());
  const bool numbered =
      reach == Reach::numbered && core::set_option(channel->fd(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1).has_value();
  return CloseListener(std::move(*channel), *inode, numbered, bytes);
}

bool CloseListener::hears(const FoundNamespace& space) const {
  return space.inode == own_inode_ || (hears_numbered_ && space.nsid) || inside_.contains(space.inode);
}

core::Status CloseListener::listen_inside(const FoundNamespace& space) {
  auto channel = open_channel(buffer_bytes_);
  if (!channel) return core::fail(channel.error());
  inside_.insert_or_assign(space.inode, std::move(*channel));
  return {};
}

std::uint64_t CloseListener::keep_only(std::span<const FoundNamespace> spaces, const OnDatagram& on_datagram) {
  std::unordered_set<std::uint64_t> kept;
  by_number_before_ = std::exchange(by_number_, {});
  for (const FoundNamespace& space : spaces) {
    if (space.nsid) by_number_.insert_or_assign(*space.nsid, space.inode);
    if (!hears_numbered_ || !space.nsid) kept.insert(space.inode);
  }
  std::uint64_t losses = 0;
  std::erase_if(inside_, [&](const auto& entry) {
    if (kept.contains(entry.first)) return false;
    losses += drain(entry.second, entry.first, on_datagram);
    return true;
  });
  return losses;
}

void CloseListener::learn(const FoundNamespace& space) {
  if (space.nsid) by_number_.insert_or_assign(*space.nsid, space.inode);
}

void CloseListener::forget(std::uint32_t number) {
  by_number_.erase(number);
  by_number_before_.erase(number);
}

std::uint64_t CloseListener::inode_of(std::uint32_t number) const {
  for (const auto* numbers : {&by_number_, &by_number_before_}) {
    if (const auto known = numbers->find(number); known != numbers->end()) return known->second;
  }
  return 0;
}

std::uint64_t CloseListener::drain(const DiagChannel& channel, std::uint64_t inode, const OnDatagram& on_datagram) {
  std::uint64_t losses = 0;
  for (;;) {
    const auto got = channel.receive(buffer_, std::nullopt);
    if (!got || (got->datagram.empty() && !got->overflow)) return losses;
    if (got->overflow || got->truncated) {
      ++losses;
      continue;
    }
    on_datagram(got->nsid ? inode_of(static_cast<std::uint32_t>(*got->nsid)) : inode, got->datagram);
  }
}

std::uint64_t CloseListener::take(const OnDatagram& on_datagram) {
  std::uint64_t losses = drain(own_, own_inode_, on_datagram);
  for (const auto& [inode, channel] : inside_) losses += drain(channel, inode, on_datagram);
  return losses;
}

std::vector<int> CloseListener::descriptors() const {
  std::vector<int> all{own_.fd().get()};
  for (const auto& [inode, channel] : inside_) all.push_back(channel.fd().get());
  return all;
}

int CloseListener::buffer_bytes() const { return core::get_option(own_.fd(), SOL_SOCKET, SO_RCVBUF).value_or(0); }

}  // namespace uncork::probe
