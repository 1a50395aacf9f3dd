#pragma once
// Write coalescing without I/O: messages go in one by one, batches for one send each come out.

#include <sys/uio.h>

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "uncork/stream/owned_bytes.hpp"

namespace uncork::stream {

/// Bounds in bytes. The defaults are measured (bench/coalesce.cpp): below 64 KiB a batch pays for its send, above nothing is
/// gained; a piece under 16 KiB is cheaper to copy than to gather.
struct coalescing_limits {
  std::size_t high_water = 64 * 1024;   ///< from here on writers wait: pending and in-flight bytes together
  std::size_t low_water = 32 * 1024;    ///< down to here they wait
  std::size_t gather_from = 16 * 1024;  ///< owned pieces of this size or more are gathered, smaller ones copied
};

/// Names one appended message for as long as it can be cancelled. Numbers rise in the order of appending.
enum class message_id : std::uint64_t {};

/// Collects messages while a send is in flight and hands them over as one batch. Sans-I/O: whoever drives it sends batch(), then
/// tells wrote() or fail().
///
/// A byte is accepted when append() has returned, written when wrote() has counted it; acknowledged is the driver's to find
/// out. The bound is soft: a message is accepted whole, so at most high_water - 1 bytes and one message wait here.
///
/// Moves, never copies (batches point into it; a move keeps them valid). Not thread-safe.
class coalescer {
 public:
  explicit coalescer(coalescing_limits limits = {});
  coalescer(coalescer&&) noexcept = default;
  coalescer& operator=(coalescer&&) noexcept = default;
  ~coalescer() = default;

  /// Takes one message, by copy. Only without error(); whoever minds the bound looks at writable() first.
  message_id append(std::span<const std::byte> bytes);
  /// Takes one message with its ownership: from gather_from bytes on it is sent from where it lies.
  message_id append(owned_bytes bytes);
  /// More bytes of the message appended last; only before batch() has taken it.
  void extend(std::span<const std::byte> bytes);

  /// What to send now: the rest of the last batch, else everything pending. At most IOV_MAX pieces; empty when nothing waits.
  /// Valid until wrote().
  [[nodiscard]] std::span<const iovec> batch();
  /// The first `count` bytes of the batch have been written: at most in_flight().
  void wrote(std::size_t count);
  /// The stream is broken: keeps the first error for good, drops what is pending. Bytes of a batch under way stay in place.
  void fail(boost::system::error_code error);

  /// Where in the stream the bytes of a cancelled message were; every later byte has moved forward by `size`.
  struct cancelled_range {
    std::uint64_t offset;
    std::size_t size;
  };
  /// Takes a message back, if no batch has taken it yet.
  std::optional<cancelled_range> cancel(message_id message);

  /// Whether writers may append: false from high_water on until low_water is reached (bytes pending and in flight), and after
  /// an error.
  [[nodiscard]] bool writable() const noexcept { return !full_ && !error_; }
  [[nodiscard]] std::size_t pending() const noexcept { return pending_bytes_; }
  /// Messages that no batch has taken yet.
  [[nodiscard]] std::size_t pending_messages() const noexcept { return message_sizes_.size(); }
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_bytes_; }
  /// Bytes of all messages accepted since the beginning, except cancelled ones.
  [[nodiscard]] std::uint64_t accepted() const noexcept { return written_ + in_flight_bytes_ + pending_bytes_; }
  /// Bytes written since the beginning.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
  [[nodiscard]] boost::system::error_code error() const noexcept { return error_; }
  [[nodiscard]] const coalescing_limits& limits() const noexcept { return limits_; }

 private:
  /// A run of copied messages, or one owned block.
  struct piece {
    std::vector<std::byte> copied;
    owned_bytes owned;
    [[nodiscard]] std::span<const std::byte> bytes() const { return owned.size() != 0 ? owned.bytes() : std::span(copied); }
  };

  message_id begin_message();
  void copy(std::span<const std::byte> bytes);
  void count_appended(std::size_t bytes);
  void start_batch();
  void remove_pending(std::size_t offset, std::size_t size);
  void update_full();

  coalescing_limits limits_;
  std::deque<piece> pending_;
  std::vector<std::size_t> message_sizes_;  // of the pending messages, in order
  std::uint64_t first_pending_ = 0;         // the number of the first of them
  std::deque<piece> batch_;
  std::size_t batch_head_sent_ = 0;  // bytes of the batch's first piece that are written
  std::vector<iovec> vectors_;
  std::vector<std::byte> spare_;  // the storage of a finished piece, for the next
  std::size_t pending_bytes_ = 0;
  std::size_t in_flight_bytes_ = 0;
  std::uint64_t written_ = 0;
  bool full_ = false;
  boost::system::error_code error_;
};

}  // namespace uncork::stream
