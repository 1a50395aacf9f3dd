#include "lab/coalesce/message_sender.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <span>
#include <utility>

#include "core/syscall.hpp"
#include "uncork/stream/transmit_file.hpp"

namespace uncork::lab {
namespace {

namespace asio = boost::asio;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

core::Status send_if_any(const core::Fd& socket, const std::string& text, int flags = 0) {
  return text.empty() ? core::Status() : core::send_all(socket, bytes_of(text), flags);
}

}  // namespace

struct MessageSender::Asynchronous {
  explicit Asynchronous(const core::Fd& same) : socket(context, asio::ip::tcp::v4(), ::dup(same.get())) {}

  core::Status send(const FileMessage& message) {
    stream::transmit_options options;
    options.length = message.bytes;
    options.head = bytes_of(message.head);
    options.tail = bytes_of(message.tail);
    boost::system::error_code failed;
    stream::async_transmit_file(socket, message.bytes == 0 ? -1 : message.file, options,
                                [&](boost::system::error_code error, stream::transmit_result) { failed = error; });
    context.restart();
    context.run();
    if (!failed) return {};
    return core::fail(core::Error{core::ErrorCode::system, 0, "async_transmit_file: " + failed.message()});
  }

  asio::io_context context{1};
  asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type> socket;
};

const std::vector<SendStrategy>& all_send_strategies() {
  static const std::vector<SendStrategy> kAll = {SendStrategy::sends_4096, SendStrategy::sends_8192, SendStrategy::plain,
                                                 SendStrategy::nodelay,    SendStrategy::msg_more,   SendStrategy::transmit_file};
  return kAll;
}

std::string name(SendStrategy strategy) {
  switch (strategy) {
    case SendStrategy::sends_4096:
      return "sends_4096";
    case SendStrategy::sends_8192:
      return "sends_8192";
    case SendStrategy::plain:
      return "plain";
    case SendStrategy::nodelay:
      return "nodelay";
    case SendStrategy::msg_more:
      return "msg_more";
    case SendStrategy::transmit_file:
      return "transmit_file";
  }
  return "";
}

MessageSender::MessageSender(core::Fd socket, SendStrategy strategy) : socket_(std::move(socket)), strategy_(strategy) {
  if (strategy == SendStrategy::transmit_file) asynchronous_ = std::make_unique<Asynchronous>(socket_);
}
MessageSender::MessageSender(MessageSender&&) noexcept = default;
MessageSender& MessageSender::operator=(MessageSender&&) noexcept = default;
MessageSender::~MessageSender() = default;

core::Status MessageSender::send(const FileMessage& message) {
  switch (strategy_) {
    case SendStrategy::sends_4096:
      return send_in_pieces(message, 4096);
    case SendStrategy::sends_8192:
      return send_in_pieces(message, 8192);
    case SendStrategy::plain:
      return send_by_sendfile(message, 0);
    case SendStrategy::nodelay:
      if (auto set = core::set_option(socket_, IPPROTO_TCP, TCP_NODELAY, 1); !set) return set;
      return send_by_sendfile(message, 0);
    case SendStrategy::msg_more:
      return send_by_sendfile(message, MSG_MORE);
    case SendStrategy::transmit_file:
      return asynchronous_->send(message);
  }
  return {};
}

core::Status MessageSender::send_in_pieces(const FileMessage& message, std::size_t piece) {
  if (auto sent = send_if_any(socket_, message.head); !sent) return sent;
  piece_.resize(piece);
  for (std::uint64_t at = 0; at < message.bytes;) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(piece, message.bytes - at));
    const auto got =
        core::checked("read the file", [&] { return ::pread(message.file, piece_.data(), want, static_cast<off_t>(at)); });
    if (!got) return core::fail(got.error());
    if (auto sent = core::send_all(socket_, std::span(piece_).first(static_cast<std::size_t>(*got))); !sent) return sent;
    at += static_cast<std::uint64_t>(*got);
  }
  return send_if_any(socket_, message.tail);
}

core::Status MessageSender::send_by_sendfile(const FileMessage& message, int head_flags) {
  if (auto sent = send_if_any(socket_, message.head, head_flags); !sent) return sent;
  off_t at = 0;
  while (static_cast<std::uint64_t>(at) < message.bytes) {
    const auto sent = core::checked(
        "sendfile", [&] { return ::sendfile(socket_.get(), message.file, &at, message.bytes - static_cast<std::uint64_t>(at)); });
    if (!sent) return core::fail(sent.error());
  }
  return send_if_any(socket_, message.tail);
}

}  // namespace uncork::lab
