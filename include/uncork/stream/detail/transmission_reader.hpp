#pragma once
// Head, file and tail as blocks of bytes, for streams that the kernel cannot send a file on.

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "uncork/stream/detail/file_source.hpp"
#include "uncork/stream/transmit_options.hpp"

namespace uncork::stream::detail {

/// Cuts a transmission into blocks that run across the seams, so that no small write stands alone. Whoever drives it calls
/// fill(), passes the block on, and waits for what it says. Borrows the descriptor. Not thread-safe.
class transmission_reader {
 public:
  transmission_reader(int file, const transmit_options& options, const transmit_system& system);

  enum class need {
    nothing,  ///< that was all of it, or error()
    room,     ///< the block is full: pass it on, then come again
    source,   ///< pass on what there is, then wait for the file's descriptor to become readable
    page_in   ///< the same, with cold() to be read in
  };
  /// Puts what there is into `block`, which is empty, at most chunk_bound bytes (64 KiB if that is more).
  [[nodiscard]] need fill(std::vector<std::byte>& block);

  /// What was passed on has been taken.
  void sent(std::size_t bytes) noexcept { sent_ += bytes; }
  [[nodiscard]] boost::system::error_code error() const noexcept { return error_; }
  [[nodiscard]] transmit_result result() const noexcept;
  [[nodiscard]] const cold_range& cold() const noexcept { return *cold_; }
  [[nodiscard]] int file() const noexcept { return source_.descriptor(); }

 private:
  [[nodiscard]] std::optional<need> read_into(std::vector<std::byte>& block);

  file_source source_;
  std::uint64_t offset_;
  std::uint64_t length_;
  std::span<const std::byte> head_;
  std::span<const std::byte> tail_;
  std::size_t block_bound_;
  std::uint64_t promised_;  // of head and tail
  std::uint64_t sent_ = 0;
  std::optional<cold_range> cold_;
  bool begun_ = false;
  boost::system::error_code error_;
};

}  // namespace uncork::stream::detail
