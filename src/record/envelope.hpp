#pragma once
// Envelopes: rows gathered up to a cap, or until somebody wants them out.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "core/clock.hpp"
#include "record/format.hpp"

namespace uncork::record {

enum class FlushReason : std::uint8_t { poll_end, size_cap, rows_cap, age, shutdown };
[[nodiscard]] std::string_view name_of(FlushReason reason);

struct EnvelopeCaps {
  std::size_t rows = 10'000;
  std::size_t bytes = 786'432;  ///< with everything around the rows; only an envelope of a single row may have more
  core::Micros age{0};          ///< from the first row; 0: as long as it takes
};

/// A finished envelope. The bytes are valid during the call that brings it.
struct Envelope {
  std::string_view bytes;
  std::size_t rows = 0;
  FlushReason reason = FlushReason::poll_end;
};

/// Turns rows into envelopes of one format: each row into exactly one, in the order given. A cap ends an envelope and begins the
/// next; it never costs a row. Without I/O or a clock; one thread at a time. No allocation a row, once the buffer has grown.
class EnvelopeBuilder {
 public:
  using Sink = std::function<void(const Envelope&)>;

  /// Caps of 0 mean the default. Each finished envelope goes to `sink`.
  EnvelopeBuilder(std::unique_ptr<Format> format, EnvelopeCaps caps, Sink sink);

  void add(const Row& row, const Delta* delta, core::Time now);
  void add(const Row& row, core::Time now) { add(row, nullptr, now); }

  /// Sends what there is, if anything.
  void flush(FlushReason reason);

  /// When `on_time` wants to be called; nothing while no row waits or no age is set.
  [[nodiscard]] std::optional<core::Time> deadline() const;
  void on_time(core::Time now);

  [[nodiscard]] std::size_t waiting() const { return rows_; }

 private:
  std::unique_ptr<Format> format_;
  EnvelopeCaps caps_;
  Sink sink_;
  Buffer buffer_;
  std::size_t rows_ = 0;
  core::Time first_at_{};
};

}  // namespace uncork::record
