#pragma once
// Hears of every TCP socket that ends.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "probe/diag/channel.hpp"
#include "probe/namespaces/discovery.hpp"

namespace uncork::probe {

/// Listens to the kernel's word about each socket's end (SKNLGRP_INET_TCP_DESTROY and its IPv6 twin): for the namespaces that
/// have a number as seen from here, on one socket (NETLINK_LISTEN_ALL_NSID, CAP_NET_BROADCAST); for each of the others on a
/// socket opened in it, which keeps it alive until keep_only() no longer names it. Buffers of 16 MiB (CAP_NET_ADMIN; else what
/// the system allows): about 40,000 ends, measured. One thread at a time.
class CloseListener {
 public:
  static constexpr int kBufferBytes = 16 * 1024 * 1024;

  enum class Reach : bool { own, numbered };
  /// In the caller's own namespace, and (`numbered`) in those with a number if that is allowed.
  /// Each socket asks for a buffer of `bytes`.
  [[nodiscard]] static core::Result<CloseListener> open(Reach reach, int bytes = kBufferBytes);

  /// Whether the ends of sockets in this namespace are heard.
  [[nodiscard]] bool hears(const FoundNamespace& space) const;
  /// Call on a thread that is in `space`.
  [[nodiscard]] core::Status listen_inside(const FoundNamespace& space);
  /// `on_datagram(inode of the namespace, bytes)`; 0: the namespace of an unknown number.
  using OnDatagram = std::function<void(std::uint64_t, std::span<const std::byte>)>;
  /// Forgets the namespaces that are not among these, after it has taken what they had to say, and learns the numbers of those
  /// that are. The number of one that has gone is known until the next call: the kernel tells of an end some time after it.
  /// Returns as take().
  [[nodiscard]] std::uint64_t keep_only(std::span<const FoundNamespace> spaces, const OnDatagram& on_datagram);

  /// Learns the number of one that is new.
  void learn(const FoundNamespace& space);
  /// The namespace of this number is no more.
  void forget(std::uint32_t number);

  /// What was heard since the last call. Returns how often the kernel said that it had to drop some.
  [[nodiscard]] std::uint64_t take(const OnDatagram& on_datagram);

  /// Readable when there is something to take (epoll(7) over all its sockets).
  [[nodiscard]] const core::Fd& news() const { return news_; }
  [[nodiscard]] bool hears_numbered() const { return hears_numbered_; }
  [[nodiscard]] std::size_t sockets_inside() const { return inside_.size(); }
  /// A socket's buffer as the kernel accounts for it, which is twice what was asked for.
  [[nodiscard]] int buffer_bytes() const;

 private:
  CloseListener(core::Fd news, DiagChannel own, std::uint64_t own_inode, bool numbered, int bytes)
      : news_(std::move(news)),
        own_(std::move(own)),
        own_inode_(own_inode),
        hears_numbered_(numbered),
        buffer_bytes_(bytes),
        buffer_(DiagChannel::kBufferBytes) {}
  [[nodiscard]] std::uint64_t drain(const DiagChannel& channel, std::uint64_t inode, const OnDatagram& on_datagram);
  [[nodiscard]] const DiagChannel* channel_of(std::uint64_t inode) const;
  [[nodiscard]] std::uint64_t inode_of(std::uint32_t number) const;

  core::Fd news_;
  DiagChannel own_;
  std::uint64_t own_inode_;
  bool hears_numbered_;
  int buffer_bytes_;
  std::map<std::uint64_t, DiagChannel> inside_;       // by inode
  std::map<std::uint32_t, std::uint64_t> by_number_;  // inode
  std::map<std::uint32_t, std::uint64_t> by_number_before_;
  std::vector<std::byte> buffer_;
};

}  // namespace uncork::probe
