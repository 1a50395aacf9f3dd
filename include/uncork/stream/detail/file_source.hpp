#pragma once
// Where the bytes of a transmission come from: a file in the page cache, one that can only be read, or a pipe.

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "uncork/stream/detail/transmit_system.hpp"

namespace uncork::stream::detail {

/// Bytes of a file that have to come from a disk.
struct cold_range {
  const transmit_system* system;
  int file;
  std::uint64_t offset;
  std::size_t count;
};

/// Reads them into the page cache, blocking: for a thread that may wait. Whatever goes wrong, the transmission finds again.
void page_in(const cold_range& range);

/// Borrows a descriptor; never moves its shared file offset where it has one. Never waits for a pipe; waits for a disk only
/// where the caller goes on although cold(). Not thread-safe.
class file_source {
 public:
  file_source(const transmit_system& system, int descriptor) : system_(system), descriptor_(descriptor) {}

  /// Fixes the length, once: `length` bytes from `offset`, or with 0 what there is from there on. What a pipe, a device or a file
  /// of /proc (whose size is said to be 0) will give is known only at its end. errc::truncated: `length` is more than there is.
  [[nodiscard]] boost::system::error_code open(std::uint64_t offset, std::uint64_t length);

  /// Bytes that will come, if that is known; and those taken so far.
  [[nodiscard]] std::optional<std::uint64_t> length() const noexcept { return length_; }
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }
  [[nodiscard]] bool exhausted() const noexcept { return ended_ || (length_ && taken_ == *length_); }

  enum class outcome { bytes, would_block, not_sendable, failed };
  struct step {
    outcome what;
    std::size_t count = 0;  ///< 0 bytes: the end, where no length was known
    boost::system::error_code error;
  };
  /// Whether send_to() may be tried: else read().
  [[nodiscard]] bool sendable() const noexcept { return sendable_; }
  /// One sendfile(2) of at most `most` bytes to a non-blocking socket.
  [[nodiscard]] step send_to(int socket, std::size_t most);
  /// One read into `into`, which is not empty. would_block: wait for the descriptor to be readable.
  [[nodiscard]] step read(std::span<std::byte> into);

  /// Those of the next `most` bytes that would have to come from a disk first, so far as the kernel tells: asked once for each
  /// byte, so that what is evicted again is read by the one who sends it.
  [[nodiscard]] std::optional<cold_range> cold(std::size_t most);
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  [[nodiscard]] boost::system::error_code open_sized(std::uint64_t size, std::uint64_t length);
  [[nodiscard]] boost::system::error_code open_without_size(std::uint64_t length);
  [[nodiscard]] std::uint64_t position() const noexcept { return offset_ + taken_; }
  [[nodiscard]] bool cached(std::uint64_t from, std::uint64_t to) const;
  [[nodiscard]] std::size_t at_most(std::size_t count) const noexcept;
  [[nodiscard]] step took(ssize_t count, outcome when_refused);

  const transmit_system& system_;
  int descriptor_;
  std::uint64_t offset_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t asked_until_ = 0;  // position up to which cold() has looked
  std::optional<std::uint64_t> length_;
  bool ended_ = false;
  bool sendable_ = false;  // by sendfile
  bool paged_ = false;     // its bytes lie in the page cache, or come there from a disk
  bool seekable_ = false;
};

}  // namespace uncork::stream::detail
