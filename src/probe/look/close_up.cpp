#include "probe/look/close_up.hpp"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>
#include <unordered_set>
#include <utility>

#include "probe/diag/kernel_version.hpp"
#include "probe/diag/netlink.hpp"
#include "probe/namespaces.hpp"
#include "probe/namespaces/discovery.hpp"
#include "probe/namespaces/enter.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;

constexpr core::Micros kPatience = std::chrono::milliseconds(100);  // the kernel answers within the call that asks

struct Request {
  nlmsghdr header{};
  inet_diag_req_v2 body{};
};

Request request_for(const Row& known, std::uint8_t extensions, std::uint32_t sequence) {
  Request request;
  request.header = {.nlmsg_len = sizeof(Request),
                    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                    .nlmsg_flags = NLM_F_REQUEST,
                    .nlmsg_seq = sequence,
                    .nlmsg_pid = 0};
  inet_diag_req_v2& body = request.body;
  body.sdiag_family = static_cast<std::uint8_t>(known.inet_diag_msg_family);
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_ext = extensions;
  body.idiag_states = ~0U;
  body.id.idiag_sport = htons(static_cast<std::uint16_t>(known.inet_diag_msg_socket_source_port));
  body.id.idiag_dport = htons(static_cast<std::uint16_t>(known.inet_diag_msg_socket_destination_port));
  std::memcpy(body.id.idiag_src, known.inet_diag_msg_socket_source.data(), sizeof body.id.idiag_src);
  std::memcpy(body.id.idiag_dst, known.inet_diag_msg_socket_destination.data(), sizeof body.id.idiag_dst);
  body.id.idiag_if = known.inet_diag_msg_socket_interface;
  body.id.idiag_cookie[0] = static_cast<std::uint32_t>(known.inet_diag_msg_socket_cookie);
  body.id.idiag_cookie[1] = static_cast<std::uint32_t>(known.inet_diag_msg_socket_cookie >> 32U);
  return request;
}

/// The ways into a row's namespace: its process, and the socket itself.
FoundNamespace space_of(const Row& known) {
  FoundNamespace space;
  space.inode = known.netns_inode;
  space.name = known.netns.view();
  if (!known.knows(Block::process)) return space;
  space.paths.push_back("/proc/" + std::to_string(known.pid) + "/ns/net");
  space.socket = {static_cast<pid_t>(known.pid), static_cast<int>(known.fd)};
  return space;
}

/// Opened on a thread of its own, which goes into the namespace and ends.
std::optional<DiagChannel> open_inside(const FoundNamespace& space) {
  std::optional<DiagChannel> opened;
  const auto enter = [&] {
    if (!enter_namespace(space)) return;
    auto channel = DiagChannel::open();
    if (channel) opened.emplace(std::move(*channel));
  };
  try {
    std::jthread thread(enter);
  } catch (const std::system_error&) {
    return std::nullopt;  // no thread can be had: it is tried again when it is in trouble at the next poll
  }
  return opened;
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

CloseUp::CloseUp(Attributes attributes)
    : attributes_(attributes),
      decoder_(attributes, parse_kernel_version(running_kernel_release()), texts_),
      own_inode_(own_namespace().value_or(0)),
      buffer_(DiagChannel::kBufferBytes) {}

core::Status CloseUp::look(std::span<const Row> known, std::vector<Row>& into) {
  for (const Row& one : known) {
    const auto channel = channel_into(one);
    if (!channel) return core::fail(channel.error());
    if (*channel == nullptr) continue;
    Row row = one;
    row.unknown_attributes = 0;  // the decoder adds to them
    const auto found = look_at(**channel, one, row);
    if (!found) return core::fail(found.error());
    if (*found) into.push_back(row);
  }
  return {};
}

core::Result<const DiagChannel*> CloseUp::channel_into(const Row& known) {
  const auto [at, is_new] = channels_.try_emplace(known.netns_inode);
  if (!is_new) return at->second ? &*at->second : nullptr;
  if (known.netns_inode != own_inode_) {
    at->second = open_inside(space_of(known));
    return at->second ? &*at->second : nullptr;
  }
  auto own = DiagChannel::open();
  if (!own) {
    channels_.erase(at);
    return core::fail(own.error());
  }
  at->second.emplace(std::move(*own));
  return &*at->second;
}

/// Whether it is there.
core::Result<bool> CloseUp::look_at(const DiagChannel& channel, const Row& known, Row& into) {
  const Request request = request_for(known, attributes_.request_bits(), ++request_);
  if (auto sent = channel.send(std::as_bytes(std::span(&request, 1))); !sent) return core::fail(sent.error());
  const core::Time deadline = core::MonotonicClock::now() + kPatience;
  for (;;) {
    const auto got = channel.receive(buffer_, deadline);
    if (!got) return core::fail(got.error());
    if (got->datagram.empty()) return false;
    NetlinkMessages messages(got->datagram);
    NetlinkMessage message;
    while (messages.next(message).value_or(false)) {
      if (message.header.nlmsg_seq != request_) continue;  // the answer to a question that took too long
      if (message.header.nlmsg_type != SOCK_DIAG_BY_FAMILY || message.payload.size() < sizeof(inet_diag_msg)) return false;
      const auto kind = decoder_.decode(message, into);
      if (!kind || *kind != SocketKind::full) return false;
      into.blocks = into.blocks.without(Block::ledger | Block::exchanges);
      into.timestamp_ns = now_ns();
      return true;
    }
  }
}

void CloseUp::keep_only(std::span<const Row> known) {
  std::unordered_set<std::uint64_t> inodes;
  for (const Row& row : known) inodes.insert(row.netns_inode);
  std::erase_if(channels_, [&](const auto& entry) { return !inodes.contains(entry.first); });
}

}  // namespace uncork::probe
