#include "probe/ring_reader.hpp"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>

#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

// A position counts all bytes since the ring was made, and is an unsigned long.
using Position = unsigned long;

std::size_t page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

template <class T>
std::atomic_ref<T> at(std::span<std::byte> bytes) {
  return std::atomic_ref<T>(*reinterpret_cast<T*>(bytes.data()));
}

}  // namespace

core::Result<RingReader::Mapping> RingReader::Mapping::make(int map, int protection, std::size_t offset, std::size_t size) {
  void* const at = ::mmap(nullptr, size, protection, MAP_SHARED, map, static_cast<off_t>(offset));
  if (at == MAP_FAILED) return core::fail(core::system_error("map a ring buffer of the kernel's", errno));
  Mapping made;
  made.bytes_ = {static_cast<std::byte*>(at), size};
  return made;
}

RingReader::Mapping::~Mapping() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

core::Result<RingReader> RingReader::open(int map, std::size_t ring_bytes) {
  RingReader reader;
  reader.map_ = map;
  reader.ring_bytes_ = ring_bytes;
  auto consumer = Mapping::make(map, PROT_READ | PROT_WRITE, 0, page_bytes());
  if (!consumer) return core::fail(consumer.error());
  auto producer = Mapping::make(map, PROT_READ, page_bytes(), page_bytes());
  if (!producer) return core::fail(producer.error());
  reader.consumer_ = std::move(*consumer);
  reader.producer_ = std::move(*producer);
  return reader;
}

core::Status RingReader::consume(const Take& take) {
  for (;;) {
    const Position begin = at<Position>(consumer_.bytes()).load(std::memory_order_relaxed);  // only we write it
    const Position end = at<Position>(producer_.bytes()).load(std::memory_order_acquire);
    if (begin == end) return {};
    const auto more = consume_some(end - begin, take);
    if (!more) return core::fail(more.error());
    if (!*more) return {};
  }
}

/// The next `filled` bytes of the ring; false: the next record is still being written. After the ring's last page, the kernel
/// shows its pages again, so that what lies across its end is in one piece.
core::Result<bool> RingReader::consume_some(std::size_t filled, const Take& take) {
  const std::atomic_ref<Position> read_to = at<Position>(consumer_.bytes());
  Position position = read_to.load(std::memory_order_relaxed);
  const std::size_t page = page_bytes();
  const std::size_t begin = position & (ring_bytes_ - 1);
  const std::size_t skipped = begin % page;
  const std::size_t size = (skipped + filled + page - 1) / page * page;
  const auto mapping = Mapping::make(map_, PROT_READ, 2 * page + begin - skipped, size);
  if (!mapping) return core::fail(mapping.error());
  std::span<std::byte> left = mapping->bytes().subspan(skipped, filled);
  while (!left.empty()) {
    const std::uint32_t header = at<std::uint32_t>(left).load(std::memory_order_acquire);
    if ((header & BPF_RINGBUF_BUSY_BIT) != 0) return false;
    const std::size_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    const std::size_t whole = (BPF_RINGBUF_HDR_SZ + length + 7) / 8 * 8;
    if (whole > left.size()) {
      return core::fail(
          {core::ErrorCode::internal, 0,
           "read a ring buffer of the kernel's: the record at " + std::to_string(position) + " is longer than all"});
    }
    if ((header & BPF_RINGBUF_DISCARD_BIT) == 0) take(left.subspan(BPF_RINGBUF_HDR_SZ, length));
    position += whole;
    read_to.store(position, std::memory_order_release);
    left = left.subspan(whole);
  }
  return true;
}

}  // namespace uncork::probe
