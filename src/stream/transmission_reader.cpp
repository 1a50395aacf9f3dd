#include "uncork/stream/detail/transmission_reader.hpp"

#include <algorithm>

#include "stream/require.hpp"

namespace uncork::stream::detail {
namespace {

constexpr std::size_t kLargestBlock = 64 * 1024;  // four TLS records; the coalescer's bound
constexpr std::size_t kLookAhead = 2 << 20;       // read in at once from a disk

void move_some(std::span<const std::byte>& from, std::vector<std::byte>& to, std::size_t bound) {
  const auto some = from.first(std::min(from.size(), bound - to.size()));
  to.insert(to.end(), some.begin(), some.end());
  from = from.subspan(some.size());
}

}  // namespace

transmission_reader::transmission_reader(int file, const transmit_options& options, const transmit_system& system)
    : source_(system, file),
      offset_(options.offset),
      length_(options.length),
      head_(options.head),
      tail_(options.tail),
      block_bound_(std::min(options.chunk_bound, kLargestBlock)),
      promised_(std::uint64_t{head_.size()} + tail_.size()) {
  UNCORK_REQUIRE(block_bound_ > 0);
}

transmit_result transmission_reader::result() const noexcept {
  const std::uint64_t of_file = begun_ ? source_.length().value_or(source_.taken()) : length_;
  return {sent_, promised_ + of_file};
}

transmission_reader::need transmission_reader::fill(std::vector<std::byte>& block) {
  if (!begun_ && !error_) {
    error_ = source_.open(offset_, length_);
    begun_ = !error_;
  }
  if (error_) return need::nothing;
  while (block.size() < block_bound_) {
    if (!head_.empty()) {
      move_some(head_, block, block_bound_);
    } else if (!source_.exhausted()) {
      if (const auto waits = read_into(block)) return *waits;
    } else if (!tail_.empty()) {
      move_some(tail_, block, block_bound_);
    } else {
      return need::nothing;
    }
  }
  return head_.empty() && source_.exhausted() && tail_.empty() ? need::nothing : need::room;
}

std::optional<transmission_reader::need> transmission_reader::read_into(std::vector<std::byte>& block) {
  cold_ = source_.cold(kLookAhead);
  if (cold_) return need::page_in;
  const std::size_t filled = block.size();
  block.resize(block_bound_);
  const auto got = source_.read(std::span(block).subspan(filled));
  block.resize(filled + got.count);
  if (got.what == file_source::outcome::bytes) return std::nullopt;
  if (got.what == file_source::outcome::would_block) return need::source;
  error_ = got.error;
  return need::nothing;
}

}  // namespace uncork::stream::detail
