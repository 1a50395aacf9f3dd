#include "collect/row_feed.hpp"

#include <algorithm>
#include <utility>

namespace uncork::collect {

/// Held by the feed and by its subscriptions.
struct RowFeed::Shared {
  explicit Shared(std::size_t most) : most_waiting(most) {}

  const std::size_t most_waiting;
  mutable std::mutex mutex;
  std::vector<Subscription*> subscribers;
  std::uint64_t taken_rows = 0;
  std::uint64_t skipped_rows = 0;
};

RowFeed::RowFeed(std::size_t most_waiting) : shared_(std::make_shared<Shared>(most_waiting)) {}

RowFeed::Subscription::Subscription(std::shared_ptr<Shared> shared, std::function<void()> ready)
    : shared_(std::move(shared)), ready_(std::move(ready)) {}

RowFeed::Subscription::~Subscription() {
  const std::lock_guard lock(shared_->mutex);
  std::erase(shared_->subscribers, this);
}

std::shared_ptr<const RowBatch> RowFeed::Subscription::take() {
  const std::lock_guard lock(shared_->mutex);
  if (waiting_.empty()) return nullptr;
  auto batch = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= batch->bytes();
  return batch;
}

std::uint64_t RowFeed::Subscription::skipped_rows() const {
  const std::lock_guard lock(shared_->mutex);
  return skipped_rows_;
}

std::shared_ptr<RowFeed::Subscription> RowFeed::subscribe(std::function<void()> ready) {
  auto subscription = std::make_shared<Subscription>(shared_, std::move(ready));
  const std::lock_guard lock(shared_->mutex);
  if (shared_->subscribers.size() >= kMostSubscribers) return nullptr;
  shared_->subscribers.push_back(subscription.get());
  return subscription;
}

void RowFeed::begin_poll() {
  batch_.reset();
  {
    const std::lock_guard lock(shared_->mutex);
    for (Subscription* const one : shared_->subscribers) one->is_in_poll_ = true;
    if (shared_->subscribers.empty()) return;
  }
  batch_ = std::make_shared<RowBatch>();
  batch_->bytes_.reserve(last_bytes_ + last_bytes_ / 8);
  batch_->ends_.reserve(last_rows_ + last_rows_ / 8);
}

void RowFeed::add(const record::Row& row) {
  constexpr char kField1 = 0x0a;  // length-delimited
  if (!batch_) return;
  row_.clear();
  row_.end_at(record::write_prefixed(row, row_.room(record::kMostRowBytes), kField1, varints_));
  batch_->bytes_.append(row_.view());
  batch_->ends_.push_back(batch_->bytes_.size());
}

void RowFeed::end_poll() {
  if (!batch_) return;
  const std::shared_ptr<const RowBatch> batch = std::exchange(batch_, nullptr);
  last_bytes_ = batch->bytes();
  last_rows_ = batch->rows();
  const std::lock_guard lock(shared_->mutex);
  for (Subscription* const one : shared_->subscribers) {
    if (!std::exchange(one->is_in_poll_, false)) continue;
    if (!one->waiting_.empty() && one->waiting_bytes_ + batch->bytes() > shared_->most_waiting) {
      one->skipped_rows_ += batch->rows();
      shared_->skipped_rows += batch->rows();
      continue;
    }
    one->waiting_.push_back(batch);
    one->waiting_bytes_ += batch->bytes();
    shared_->taken_rows += batch->rows();
    one->ready_();
  }
}

RowFeed::Stats RowFeed::stats() const {
  const std::lock_guard lock(shared_->mutex);
  return {shared_->subscribers.size(), shared_->taken_rows, shared_->skipped_rows};
}

}  // namespace uncork::collect
