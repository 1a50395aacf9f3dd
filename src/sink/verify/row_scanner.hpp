#pragma once
// Rows in a stream of bytes: where each begins, and what tells it from others. Without I/O.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace uncork::sink {

/// What a row says of its place among others. `boot_id` is valid during the call that brings it.
struct RowMark {
  std::string_view boot_id = {};
  std::int64_t timestamp_ns = 0;
  std::uint64_t sequence = 0;    ///< of its look; 0: not told
  std::uint64_t row_number = 0;  ///< among all that its run has handed on; 0: not told
  std::uint64_t offset = 0;      ///< of its first byte in the stream; of a protobufList that of its envelope
};

/// Is fed a stream in pieces of any size and tells its rows. Two formats, told apart by the first bytes: jsonl, and protobufList.
/// One thread at a time. Holds the row (or envelope) that is being read, and no more.
class RowScanner {
 public:
  using OnRow = std::function<void(const RowMark&)>;
  /// A row, or an envelope, that is longer is taken for damage.
  static constexpr std::size_t kMost = 256U << 20;

  explicit RowScanner(OnRow on_row) : on_row_(std::move(on_row)) {}

  /// Errors name the byte at which the stream is neither; nothing may be fed after one.
  [[nodiscard]] core::Status feed(std::string_view bytes);

  /// At the end of the stream: what a row, or an envelope, was cut off in.
  struct Tail {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] std::optional<Tail> tail() const;

 private:
  enum class Format : std::uint8_t { unknown, jsonl, list };
  [[nodiscard]] core::Status detect();
  [[nodiscard]] core::Result<std::size_t> take_one();
  [[nodiscard]] core::Result<std::size_t> take_line(std::string_view bytes);
  [[nodiscard]] core::Result<std::size_t> take_envelope(std::string_view bytes);
  [[nodiscard]] std::unexpected<core::Error> wrong(std::uint64_t at, const std::string& why) const;

  OnRow on_row_;
  Format format_ = Format::unknown;
  std::string waiting_;       // from offset_ on
  std::size_t read_ = 0;      // of waiting_
  std::size_t searched_ = 0;  // of waiting_, for the end of a line
  std::uint64_t offset_ = 0;
};

}  // namespace uncork::sink
