#include "probe/diag/close_listener.hpp"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <span>
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

/// A socket that is closed leaves by itself.
core::Status join(const core::Fd& news, const DiagChannel& channel, std::uint64_t inode) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = inode;
  const auto added = core::checked("wait for close events (epoll)",
                                   [&] { return ::epoll_ctl(news.get(), EPOLL_CTL_ADD, channel.fd().get(), &event); });
  return added ? core::Status{} : core::fail(added.error());
}

}  // namespace

core::Result<CloseListener> CloseListener::open(Reach reach, int bytes) {
  const auto inode = own_namespace();
  if (!inode) return core::fail(inode.error());
  auto channel = open_channel(bytes);
  if (!channel) return core::fail(channel.error());
  const auto opened = core::checked("wait for close events (epoll)", [] { return ::epoll_create1(EPOLL_CLOEXEC); });
  if (!opened) return core::fail(opened.error());
  core::Fd news(*opened);
  if (auto joined = join(news, *channel, *inode); !joined) return core::fail(joined.error());
  const bool numbered =
      reach == Reach::numbered && core::set_option(channel->fd(), SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1).has_value();
  return CloseListener(std::move(news), std::move(*channel), *inode, numbered, bytes);
}

bool CloseListener::hears(const FoundNamespace& space) const {
  return space.inode == own_inode_ || (hears_numbered_ && space.nsid) || inside_.contains(space.inode);
}

core::Status CloseListener::listen_inside(const FoundNamespace& space) {
  auto channel = open_channel(buffer_bytes_);
  if (!channel) return core::fail(channel.error());
  if (auto joined = join(news_, *channel, space.inode); !joined) return joined;
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
  std::array<epoll_event, 64> ready{};
  std::uint64_t losses = 0;
  // One that goes on being ready although all was read of it must not keep us here: at most as many as there are, twice.
  for (std::size_t left = 2 * (inside_.size() + 1); left > 0;) {
    const int count = ::epoll_wait(news_.get(), ready.data(), static_cast<int>(std::min(ready.size(), left)), 0);
    if (count <= 0) break;
    for (const epoll_event& event : std::span(ready).first(static_cast<std::size_t>(count))) {
      const DiagChannel* const channel = channel_of(event.data.u64);
      if (channel != nullptr) losses += drain(*channel, event.data.u64, on_datagram);
    }
    left -= static_cast<std::size_t>(count);
  }
  return losses;
}

const DiagChannel* CloseListener::channel_of(std::uint64_t inode) const {
  if (inode == own_inode_) return &own_;
  const auto known = inside_.find(inode);
  return known == inside_.end() ? nullptr : &known->second;
}

int CloseListener::buffer_bytes() const { return core::get_option(own_.fd(), SOL_SOCKET, SO_RCVBUF).value_or(0); }

}  // namespace uncork::probe
