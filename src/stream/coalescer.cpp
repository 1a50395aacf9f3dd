#include "uncork/stream/coalescer.hpp"

#include <limits.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "stream/require.hpp"

namespace uncork::stream {
namespace {

constexpr std::size_t kMostVectors = IOV_MAX;

}  // namespace

coalescer::coalescer(coalescing_limits limits) : limits_(limits) { UNCORK_REQUIRE(limits.low_water < limits.high_water); }

message_id coalescer::begin_message() {
  UNCORK_REQUIRE(!error_);
  message_sizes_.push_back(0);
  return message_id{first_pending_ + message_sizes_.size() - 1};
}

void coalescer::copy(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (pending_.empty() || pending_.back().owned.size() != 0) {
    pending_.emplace_back();
    pending_.back().copied = std::exchange(spare_, {});
  }
  pending_.back().copied.insert(pending_.back().copied.end(), bytes.begin(), bytes.end());
}

void coalescer::count_appended(std::size_t bytes) {
  message_sizes_.back() += bytes;
  pending_bytes_ += bytes;
  update_full();
}

message_id coalescer::append(std::span<const std::byte> bytes) {
  const message_id id = begin_message();
  extend(bytes);
  return id;
}

message_id coalescer::append(owned_bytes bytes) {
  if (bytes.size() < limits_.gather_from || bytes.size() == 0) return append(bytes.bytes());
  const message_id id = begin_message();
  const std::size_t size = bytes.size();
  pending_.push_back({{}, std::move(bytes)});
  count_appended(size);
  return id;
}

void coalescer::extend(std::span<const std::byte> bytes) {
  UNCORK_REQUIRE(!message_sizes_.empty());
  copy(bytes);
  count_appended(bytes.size());
}

void coalescer::start_batch() {
  batch_.swap(pending_);
  batch_head_sent_ = 0;
  in_flight_bytes_ = std::exchange(pending_bytes_, 0);
  first_pending_ += message_sizes_.size();
  message_sizes_.clear();
}

std::span<const iovec> coalescer::batch() {
  if (in_flight_bytes_ == 0 && !error_) start_batch();
  vectors_.clear();
  std::size_t skip = batch_head_sent_;
  for (const piece& part : batch_) {
    if (vectors_.size() == kMostVectors) break;
    const auto rest = part.bytes().subspan(std::exchange(skip, 0));
    vectors_.push_back({const_cast<std::byte*>(rest.data()), rest.size()});  // iovec serves readers too; ours are only read
  }
  return vectors_;
}

void coalescer::wrote(std::size_t count) {
  UNCORK_REQUIRE(count <= in_flight_bytes_);
  written_ += count;
  in_flight_bytes_ -= count;
  batch_head_sent_ += count;
  while (!batch_.empty() && batch_head_sent_ >= batch_.front().bytes().size()) {
    piece& done = batch_.front();
    batch_head_sent_ -= done.bytes().size();
    if (done.copied.capacity() > spare_.capacity() && done.copied.capacity() <= 2 * limits_.high_water) {
      spare_ = std::move(done.copied);
      spare_.clear();
    }
    batch_.pop_front();
  }
  update_full();
}

void coalescer::fail(boost::system::error_code error) {
  if (!error_) error_ = error;
  pending_.clear();
  first_pending_ += message_sizes_.size();
  message_sizes_.clear();
  pending_bytes_ = 0;
}

std::optional<coalescer::cancelled_range> coalescer::cancel(message_id message) {
  const auto number = static_cast<std::uint64_t>(message);
  if (number < first_pending_ || number - first_pending_ >= message_sizes_.size()) return std::nullopt;
  const auto at = message_sizes_.begin() + static_cast<std::ptrdiff_t>(number - first_pending_);
  std::size_t offset = 0;
  for (auto before = message_sizes_.begin(); before != at; ++before) offset += *before;
  const std::size_t size = std::exchange(*at, 0);  // its number stays taken
  remove_pending(offset, size);
  pending_bytes_ -= size;
  update_full();
  return cancelled_range{written_ + in_flight_bytes_ + offset, size};
}

void coalescer::remove_pending(std::size_t offset, std::size_t size) {
  auto at = pending_.begin();
  for (; at != pending_.end() && offset >= at->bytes().size(); ++at) offset -= at->bytes().size();
  while (size > 0) {
    const std::size_t here = std::min(size, at->bytes().size() - offset);
    if (here == at->bytes().size()) {
      at = pending_.erase(at);
    } else {  // an owned block is a whole message, so only a run of copies is cut
      const auto first = at->copied.begin() + static_cast<std::ptrdiff_t>(offset);
      at->copied.erase(first, first + static_cast<std::ptrdiff_t>(here));
      if (offset == at->copied.size()) ++at;
    }
    offset = 0;
    size -= here;
  }
}

void coalescer::update_full() {
  const std::size_t waiting = pending_bytes_ + in_flight_bytes_;
  if (waiting >= limits_.high_water) full_ = true;
  if (waiting <= limits_.low_water) full_ = false;
}

}  // namespace uncork::stream
