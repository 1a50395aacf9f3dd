#pragma once
// The ways in which programs send a file with something before and behind it.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace uncork::lab {

enum class SendStrategy {
  sends_4096,    ///< blocking sends: head, file in pieces of 4096 bytes, tail
  sends_8192,    ///< the same with 8192
  plain,         ///< send, sendfile, send
  nodelay,       ///< the same with TCP_NODELAY
  msg_more,      ///< the same, the head with MSG_MORE
  transmit_file  ///< async_transmit_file
};
[[nodiscard]] const std::vector<SendStrategy>& all_send_strategies();
/// `sends_4096`, …
[[nodiscard]] std::string name(SendStrategy strategy);

/// `bytes` of a file from its beginning, between the two.
struct FileMessage {
  int file = -1;
  std::uint64_t bytes = 0;
  std::string head;
  std::string tail;
  [[nodiscard]] std::uint64_t size() const { return head.size() + bytes + tail.size(); }
};

/// Sends messages over one blocking socket, its own, by one strategy. One thread.
class MessageSender {
 public:
  MessageSender(core::Fd socket, SendStrategy strategy);
  MessageSender(MessageSender&&) noexcept;
  MessageSender& operator=(MessageSender&&) noexcept;
  ~MessageSender();

  /// Returns when the kernel has all of it. Without a deadline: the peer is a thread of the lab that reads as fast as it can.
  [[nodiscard]] core::Status send(const FileMessage& message);
  [[nodiscard]] const core::Fd& socket() const { return socket_; }

 private:
  struct Asynchronous;
  core::Status send_in_pieces(const FileMessage& message, std::size_t piece);
  core::Status send_by_sendfile(const FileMessage& message, int head_flags);

  core::Fd socket_;
  SendStrategy strategy_;
  std::vector<std::byte> piece_;
  std::unique_ptr<Asynchronous> asynchronous_;
};

}  // namespace uncork::lab
