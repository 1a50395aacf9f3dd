#include "collect/backlog.hpp"

#include <utility>

#include "core/error.hpp"

namespace uncork::collect {

core::Result<Backlog> Backlog::open(BacklogOptions options, core::Time now) {
  Backlog backlog(std::move(options));
  if (!backlog.options_.spool) return backlog;
  if (auto opened = backlog.open_spool(); !opened) {
    if (Spool::is_in_use(opened.error())) return core::fail(opened.error());
    backlog.note_spool_trouble(opened.error(), now);
  }
  return backlog;
}

core::Status Backlog::open_spool() {
  auto spool = Spool::open(*options_.spool);
  if (!spool) return core::fail(spool.error());
  spool_.emplace(std::move(*spool));
  spool_trouble_.clear();
  return {};
}

void Backlog::push(sink::Parcel parcel, core::Time now) {
  in_memory_ += Tally::of(parcel);
  memory_.push_back(std::make_shared<const sink::Parcel>(std::move(parcel)));
  if (outage_ || in_memory_.bytes > options_.memory_bytes) spill(now);
  while (in_memory_.bytes > options_.memory_bytes && memory_.size() > 1) lose_oldest();
}

std::shared_ptr<const sink::Parcel> Backlog::front() {
  if (held_) return held_;
  if (spool_) {
    if (auto oldest = spool_->front()) {
      held_ = std::make_shared<const sink::Parcel>(std::move(*oldest));
      held_where_ = Held::in_spool;
      return held_;
    }
  }
  if (memory_.empty()) return nullptr;
  held_ = memory_.front();
  held_where_ = Held::in_memory;
  return held_;
}

void Backlog::pop() {
  UNCORK_ASSERT(held_);
  if (held_where_ == Held::in_memory) {
    in_memory_ -= Tally::of(*held_);
    memory_.pop_front();
  } else if (held_where_ == Held::in_spool) {
    // Another one is first if the disk has damaged this one since.
    const auto oldest = spool_->front();
    if (oldest && *oldest == *held_) {
      if (auto popped = spool_->pop(); !popped) spool_trouble_ = popped.error().message;
    }
  }
  held_.reset();
  held_where_ = Held::nothing;
}

void Backlog::set_outage(bool lasts, core::Time now) {
  outage_ = lasts;
  if (outage_) spill(now);
}

void Backlog::tend(core::Time now) {
  if (spool_ || !options_.spool || now < spool_due_) return;
  if (auto opened = open_spool(); !opened) {
    note_spool_trouble(opened.error(), now);
    return;
  }
  // What waits in the spool is older than what is held.
  if (held_where_ == Held::by_its_user) lost_ += Tally::of(*held_);
  held_.reset();
  held_where_ = Held::nothing;
}

void Backlog::keep(core::Time now) {
  spool_due_ = now;
  spill(now);
  if (spool_) {
    if (auto synced = spool_->sync(); !synced) spool_trouble_ = synced.error().message;
  }
  while (!memory_.empty()) lose_oldest();
  if (held_where_ == Held::by_its_user) lost_ += Tally::of(*held_);
  held_.reset();
  held_where_ = Held::nothing;
}

/// All of memory to the end of the spool, in order.
void Backlog::spill(core::Time now) {
  if (!spool_ || now < spool_due_) return;
  while (!memory_.empty()) {
    if (auto spilled = spill_oldest(); !spilled) {
      note_spool_trouble(spilled.error(), now);
      return;
    }
  }
  spool_trouble_.clear();
}

core::Status Backlog::spill_oldest() {
  const Tally before = spool_->losses().by_limit;
  auto pushed = spool_->push(*memory_.front());
  Tally dropped = spool_->losses().by_limit;
  dropped -= before;
  lost_ += dropped;
  if (held_where_ == Held::in_spool && !dropped.empty()) {  // it was the oldest of all
    lost_ -= Tally::of(*held_);
    held_where_ = Held::by_its_user;
  }
  if (!pushed) return pushed;
  if (held_where_ == Held::in_memory) held_where_ = Held::in_spool;
  in_memory_ -= Tally::of(*memory_.front());
  memory_.pop_front();
  return {};
}

void Backlog::lose_oldest() {
  const Tally tally = Tally::of(*memory_.front());
  in_memory_ -= tally;
  memory_.pop_front();
  if (held_where_ == Held::in_memory) {
    held_where_ = Held::by_its_user;
  } else {
    lost_ += tally;
  }
}

void Backlog::note_spool_trouble(const core::Error& error, core::Time now) {
  constexpr core::Micros kAgainAfter{1'000'000};
  spool_trouble_ = error.message;
  spool_due_ = now + kAgainAfter;
}

}  // namespace uncork::collect
