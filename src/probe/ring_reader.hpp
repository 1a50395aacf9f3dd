#pragma once
// A BPF ring buffer that takes no memory of its reader while it is empty.

#include <cstddef>
#include <functional>
#include <span>
#include <utility>

#include "core/result.hpp"

namespace uncork::probe {

/// Reads the records of a BPF_MAP_TYPE_RINGBUF. libbpf's reader maps the ring for good, and twice, so that a record may lie
/// across its end: that alone makes 8 MB of a ring of 4 MB resident. This one maps what is to be read, while it reads it. Polls,
/// and never waits. The layout and the order of the accesses: Linux kernel/bpf/ringbuf.c and include/uapi/linux/bpf.h. One reader
/// a ring, one thread; the map must outlive it.
class RingReader {
 public:
  [[nodiscard]] static core::Result<RingReader> open(int map, std::size_t ring_bytes);

  /// Gives each whole record to `take`, whose bytes are aligned to 8 and valid during the call, until there are no more.
  using Take = std::function<void(std::span<const std::byte> record)>;
  [[nodiscard]] core::Status consume(const Take& take);

 private:
  class Mapping {
   public:
    Mapping() = default;
    Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    Mapping& operator=(Mapping&& other) noexcept {
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Mapping();
    /// `protection` and `offset` as mmap(2) has them.
    [[nodiscard]] static core::Result<Mapping> make(int map, int protection, std::size_t offset, std::size_t size);
    [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }

   private:
    std::span<std::byte> bytes_;
  };

  [[nodiscard]] core::Result<bool> consume_some(std::size_t filled, const Take& take);

  int map_ = -1;
  std::size_t ring_bytes_ = 0;
  Mapping consumer_;  // one page, which begins with the position up to which all was read
  Mapping producer_;  // one page, which begins with the position up to which there are records
};

}  // namespace uncork::probe
