#include "relay/delay_line.hpp"

#include <limits>
#include <random>
#include <utility>

#include "core/error.hpp"

namespace uncork::relay {
namespace {

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): eight bytes of state, so that thousands of
/// connections can each have two, and neighbouring seeds do not give neighbouring draws.
class SplitMix64 {
 public:
  using result_type = std::uint64_t;
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

 private:
  std::uint64_t state_;
};

}  // namespace

Jitter uniform_jitter(core::Micros most, std::uint64_t seed) {
  return [generator = SplitMix64(seed), spread = std::uniform_int_distribution<std::int64_t>(0, most.count())]() mutable {
    return core::Micros(spread(generator));
  };
}

std::size_t DelayLine::room() const {
  const std::size_t charged = waiting_bytes_ + (chunks_.size() + 1) * kChunkOverhead;
  return charged < options_.limit_bytes ? options_.limit_bytes - charged : 0;
}

core::Time DelayLine::schedule(std::size_t bytes, core::Time read_at) {
  const core::Time ready = read_at + options_.delay + (options_.jitter ? options_.jitter() : core::Micros(0));
  if (ready > busy_until_) {
    busy_until_ = ready;
    busy_part_ = 0;
  }
  if (options_.rate_bytes_per_second == 0) return busy_until_;
  const std::uint64_t scaled = busy_part_ + std::uint64_t{bytes} * 1'000'000;
  busy_until_ += core::Micros(static_cast<std::int64_t>(scaled / options_.rate_bytes_per_second));
  busy_part_ = scaled % options_.rate_bytes_per_second;
  return busy_until_ + core::Micros(busy_part_ == 0 ? 0 : 1);  // rounded up: never before its time
}

void DelayLine::push(std::span<const std::byte> bytes, core::Time read_at) {
  UNCORK_ASSERT(!bytes.empty() && bytes.size() <= room() && !end_);
  waiting_bytes_ += bytes.size();
  chunks_.push_back({std::vector<std::byte>(bytes.begin(), bytes.end()), schedule(bytes.size(), read_at)});
}

void DelayLine::push_end(End end, core::Time read_at) {
  UNCORK_ASSERT(!end_ || end == End::reset);
  end_ = Ending{end, schedule(0, read_at)};
}

const DelayLine::Chunk* DelayLine::due(core::Time now) const {
  return !chunks_.empty() && chunks_.front().due <= now ? &chunks_.front() : nullptr;
}

void DelayLine::pop() {
  UNCORK_ASSERT(!chunks_.empty());
  waiting_bytes_ -= chunks_.front().bytes.size();
  chunks_.pop_front();
}

std::optional<End> DelayLine::ended(core::Time now) const {
  if (!end_ || end_->due > now) return std::nullopt;
  if (end_->kind == End::finished && !chunks_.empty()) return std::nullopt;
  return end_->kind;
}

std::optional<core::Time> DelayLine::next_due() const {
  if (!chunks_.empty()) return chunks_.front().due;
  if (end_) return end_->due;
  return std::nullopt;
}

std::optional<core::Time> DelayLine::reset_due() const {
  if (end_ && end_->kind == End::reset) return end_->due;
  return std::nullopt;
}

void DelayLine::clear() {
  chunks_.clear();
  end_.reset();
  waiting_bytes_ = 0;
}

}  // namespace uncork::relay
