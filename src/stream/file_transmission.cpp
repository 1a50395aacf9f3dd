#include "uncork/stream/detail/file_transmission.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>

#include "stream/require.hpp"
#include "uncork/stream/detail/cork.hpp"

// Head, file and tail go out under one cork: sendfile(2) itself says MORE only up to the end of the file, so without a cork the
// file's last partial segment leaves before the tail (measured: one segment more each time, and without TCP_NODELAY a tail that
// waits 40 ms for the delayed ACK of that segment). The cork lives within one turn. While anything is waited for it is off,
// since a partial segment under a cork leaves after 200 ms at worst, and since with a small TCP_NOTSENT_LOWAT or send buffer the
// socket becomes writable only when that very segment has left.

namespace uncork::stream::detail {
namespace {

using boost::system::error_code;

constexpr std::size_t kBuffer = 64 * 1024;
// Asked of the page cache, read in, and given to one sendfile(2), which takes 0x7ffff000 bytes at most: little enough to be still
// cached when its turn comes, and enough that calls cost nothing beside the bytes.
constexpr std::size_t kMostAtOnce = 2 << 20;

error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

file_transmission::file_transmission(int socket, int file, const transmit_options& options, const transmit_system& system)
    : system_(system),
      socket_(socket),
      source_(system, file),
      offset_(options.offset),
      length_(options.length),
      head_(options.head),
      tail_(options.tail),
      chunk_bound_(options.chunk_bound),
      promised_(std::uint64_t{head_.size()} + tail_.size()) {
  UNCORK_REQUIRE(chunk_bound_ > 0);
}

transmit_result file_transmission::result() const noexcept {
  const std::uint64_t of_file = begun_ ? source_.length().value_or(source_.taken()) : length_;
  return {sent_, promised_ + of_file};
}

error_code file_transmission::begin() {
  const error_code opened = source_.open(offset_, length_);
  begun_ = !opened;
  if (opened) return opened;
  int value = 0;
  socklen_t size = sizeof value;
  if (system_.getsockopt(socket_, IPPROTO_TCP, TCP_CORK, &value, &size) != 0) return last_error();
  corked_before_ = value != 0;
  if (system_.getsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &value, &size) != 0) return last_error();
  constexpr int kOn = 1;  // only if it is off: setting it pushes what the caller may have corked
  if (value == 0 && system_.setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn) != 0) return last_error();
  return {};
}

file_transmission::need file_transmission::turn() {
  if (!begun_) error_ = begin();
  if (error_) return need::nothing;
  sigpipe_guard pipe;
  cork_guard cork(system_, socket_, corked_before_);
  error_ = cork.error();
  if (error_) return need::nothing;
  const need next = advance(pipe);
  const error_code uncorked = cork.put_back();
  if (!uncorked) return next;
  if (!error_) error_ = uncorked;
  return need::nothing;
}

file_transmission::need file_transmission::advance(sigpipe_guard& pipe) {
  std::size_t budget = chunk_bound_;
  for (;;) {
    progress made{};
    if (!head_.empty()) {
      made = send_from(head_);
    } else if (!buffered_.empty()) {
      made = send_from(buffered_);
    } else if (!source_.exhausted()) {
      if (budget == 0) return need::turn;  // the tail has no price: it leaves with the file's last bytes
      made = send_body(budget, pipe);
    } else if (!tail_.empty()) {
      made = send_from(tail_);
    } else {
      return need::nothing;
    }
    switch (made) {
      case progress::made:
        break;
      case progress::blocked:
        return need::writable;
      case progress::waits_for_source:
        return need::source;
      case progress::cold:
        return need::page_in;
      case progress::failed:
        return need::nothing;
    }
  }
}

file_transmission::progress file_transmission::fail(error_code error) {
  error_ = error;
  return progress::failed;
}

file_transmission::progress file_transmission::send_from(std::span<const std::byte>& bytes) {
  for (;;) {
    const ssize_t sent = system_.send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
      sent_ += static_cast<std::uint64_t>(sent);
      return progress::made;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return progress::blocked;
    if (errno != EINTR) return fail(last_error());
  }
}

file_transmission::progress file_transmission::send_body(std::size_t& budget, sigpipe_guard& pipe) {
  const std::size_t most = std::min(budget, kMostAtOnce);
  cold_ = source_.cold(most);
  if (cold_) return progress::cold;
  if (!source_.sendable()) return fill_buffer(budget);
  const auto sent = source_.send_to(socket_, most);
  switch (sent.what) {
    case file_source::outcome::bytes:
      sent_ += sent.count;
      budget -= sent.count;
      return progress::made;
    case file_source::outcome::would_block:
      return progress::blocked;
    case file_source::outcome::not_sendable:
      return progress::made;
    case file_source::outcome::failed:
      break;
  }
  if (sent.error == boost::system::errc::broken_pipe) pipe.raised();
  return fail(sent.error);
}

file_transmission::progress file_transmission::fill_buffer(std::size_t& budget) {
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(kBuffer);
  const std::span<std::byte> into(buffer_.get(), std::min(kBuffer, budget));
  const auto got = source_.read(into);
  switch (got.what) {
    case file_source::outcome::bytes:
      buffered_ = into.first(got.count);
      budget -= got.count;
      return progress::made;
    case file_source::outcome::would_block:
      return progress::waits_for_source;
    case file_source::outcome::not_sendable:
    case file_source::outcome::failed:
      break;
  }
  return fail(got.error);
}

}  // namespace uncork::stream::detail
