#include "uncork/stream/detail/file_source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "uncork/stream/error.hpp"

namespace uncork::stream::detail {
namespace {

using boost::system::error_code;

constexpr std::uint64_t kPage = 4096;  // x86; where pages are larger, a cached file is taken for cold: slower, not wrong
constexpr std::uint64_t kPeekEvery = 128 * 1024;  // the kernel's default readahead
constexpr std::size_t kReadIn = 64 * 1024;

error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

error_code file_source::open(std::uint64_t offset, std::uint64_t length) {
  if (descriptor_ < 0) {  // head and tail alone
    length_ = 0;
    return length == 0 ? error_code() : make_error_code(errc::truncated);
  }
  constexpr auto kFarthest = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  if (offset > kFarthest || length > kFarthest - offset) return {EOVERFLOW, boost::system::system_category()};
  offset_ = offset;
  struct stat status{};
  if (system_.fstat(descriptor_, &status) != 0) return last_error();
  if (S_ISREG(status.st_mode) && status.st_size > 0) return open_sized(static_cast<std::uint64_t>(status.st_size), length);
  if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) {
    seekable_ = true;
    paged_ = S_ISBLK(status.st_mode);
    return open_without_size(length);
  }
  if (S_ISDIR(status.st_mode)) return {EISDIR, boost::system::system_category()};
  if (offset != 0) return {ESPIPE, boost::system::system_category()};
  if (length != 0) length_ = length;
  return {};
}

error_code file_source::open_sized(std::uint64_t size, std::uint64_t length) {
  seekable_ = sendable_ = paged_ = true;
  const std::uint64_t there = size > offset_ ? size - offset_ : 0;
  length_ = length == 0 ? there : length;
  return *length_ > there ? make_error_code(errc::truncated) : error_code();
}

/// Empty, or a file of /proc, or a disk: only reading tells.
error_code file_source::open_without_size(std::uint64_t length) {
  if (length != 0) length_ = length;
  if (paged_) return {};
  std::byte first{};
  ssize_t got = 0;
  do got = system_.pread(descriptor_, &first, 1, static_cast<off_t>(offset_));
  while (got < 0 && errno == EINTR);
  if (got < 0) return last_error();
  struct stat again{};
  if (got > 0 && system_.fstat(descriptor_, &again) != 0) return last_error();
  if (got > 0 && again.st_size == 0) return {};
  length_ = 0;  // empty when the length was fixed, whatever has grown since
  return length == 0 ? error_code() : make_error_code(errc::truncated);
}

std::size_t file_source::at_most(std::size_t count) const noexcept {
  if (!length_) return count;
  return static_cast<std::size_t>(std::min<std::uint64_t>(count, *length_ - taken_));
}

file_source::step file_source::took(ssize_t count, outcome when_refused) {
  if (count < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {outcome::would_block, 0, {}};
    if (when_refused == outcome::not_sendable && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
      sendable_ = false;
      return {outcome::not_sendable, 0, {}};
    }
    return {outcome::failed, 0, last_error()};
  }
  if (count == 0) {
    if (length_) return {outcome::failed, 0, make_error_code(errc::truncated)};
    ended_ = true;
  }
  taken_ += static_cast<std::uint64_t>(count);
  return {outcome::bytes, static_cast<std::size_t>(count), {}};
}

file_source::step file_source::send_to(int socket, std::size_t most) {
  for (;;) {
    auto from = static_cast<off_t>(position());
    const ssize_t sent = system_.sendfile(socket, descriptor_, &from, at_most(most));
    if (sent >= 0 || errno != EINTR) return took(sent, outcome::not_sendable);
  }
}

file_source::step file_source::read(std::span<std::byte> into) {
  into = into.first(at_most(into.size()));
  for (;;) {
    pollfd readable{descriptor_, POLLIN, 0};  // a blocking pipe would keep the loop
    if (!seekable_) {
      const int ready = system_.poll(&readable, 1, 0);
      if (ready == 0) return {outcome::would_block, 0, {}};
      if (ready < 0 && errno != EINTR) return {outcome::failed, 0, last_error()};
      if (ready < 0) continue;
    }
    const ssize_t got = seekable_ ? system_.pread(descriptor_, into.data(), into.size(), static_cast<off_t>(position()))
                                  : system_.read(descriptor_, into.data(), into.size());
    if (got >= 0 || errno != EINTR) return took(got, outcome::failed);
  }
}

std::optional<cold_range> file_source::cold(std::size_t most) {
  if (!paged_) return std::nullopt;
  const std::uint64_t from = std::max(position(), asked_until_);
  const std::uint64_t to = position() + at_most(most);
  if (from >= to) return std::nullopt;
  asked_until_ = to;
  if (cached(from, to)) return std::nullopt;
  return cold_range{&system_, descriptor_, from, static_cast<std::size_t>(to - from)};
}

bool file_source::cached(std::uint64_t from, std::uint64_t to) const {
  std::uint64_t pages = 0;
  if (system_.cached_pages(descriptor_, from, to - from, &pages) == 0) return pages >= (to - 1) / kPage - from / kPage + 1;
  for (std::uint64_t at = from; at < to; at += kPeekEvery) {  // before Linux 6.5, or not permitted
    if (system_.peek(descriptor_, static_cast<off_t>(at)) < 0 && errno == EAGAIN) return false;
  }
  return system_.peek(descriptor_, static_cast<off_t>(to - 1)) >= 0 || errno != EAGAIN;
}

void page_in(const cold_range& range) {
  std::array<std::byte, kReadIn> nowhere;  // NOLINT(cppcoreguidelines-pro-type-member-init): written, never read
  std::uint64_t at = range.offset;
  std::size_t left = range.count;
  while (left > 0) {
    const ssize_t got = range.system->pread(range.file, nowhere.data(), std::min(left, nowhere.size()), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    at += static_cast<std::uint64_t>(got);
    left -= static_cast<std::size_t>(got);
  }
}

}  // namespace uncork::stream::detail
