#include "collect/courier.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/duration.hpp"

namespace uncork::collect {
namespace {

constexpr core::Micros kSlice{100'000};    // how long the outlet is waited for at once
constexpr core::Micros kStuck{1'000'000};  // a parcel that takes longer is a sign of an outage
constexpr core::Micros kTendEvery{1'000'000};
constexpr std::size_t kMostMessages = 100;  // an untended list does not grow

}  // namespace

std::string Farewell::sentence(const std::string& name) const {
  std::string text;
  if (!kept.empty()) text += to_string(kept) + (kept.parcels == 1 ? " stays" : " stay") + " in the spool for the next start";
  if (!lost.empty()) text += (text.empty() ? "" : ", ") + to_string(lost) + (lost.parcels == 1 ? " is" : " are") + " lost";
  if (!trouble.empty()) text += text.empty() ? trouble : " (" + trouble + ")";
  return text.empty() ? text : name + ": " + text;
}

core::Result<std::unique_ptr<Courier>> Courier::start(std::unique_ptr<sink::Outlet> outlet, CourierOptions options) {
  auto backlog = Backlog::open(options.backlog, core::MonotonicClock::now());
  if (!backlog) return core::fail(backlog.error());
  return std::unique_ptr<Courier>(new Courier(std::move(outlet), std::move(options), std::move(*backlog)));
}

Courier::Courier(std::unique_ptr<sink::Outlet> outlet, CourierOptions options, Backlog backlog)
    : options_(std::move(options)),
      backlog_(std::move(backlog)),
      backoff_(options_.backoff, options_.seed),
      outlet_(std::move(outlet)) {
  if (!backlog_.spool_trouble().empty()) {
    tell(backlog_.spool_trouble() + "; parcels wait in memory alone, and those that have no room there are lost");
    is_spool_trouble_told_ = true;
  }
  if (!backlog_.spooled().empty()) tell(to_string(backlog_.spooled()) + " were left in the spool, and go first");
  const SpoolLosses losses = backlog_.spool_losses();
  if (losses.torn_tails != 0) {
    tell("the spool ended with " + std::to_string(losses.torn_bytes) +
         " bytes of a parcel that was never whole; they are dropped");
  }
  if (losses.damaged_bytes != 0) tell("the spool is damaged: " + std::to_string(losses.damaged_bytes) + " bytes are lost");
  if (losses.unreadable_files != 0) tell("files of the spool cannot be read: " + std::to_string(losses.unreadable_files));
  thread_ = std::thread([this] { run(); });
}

Courier::~Courier() {
  if (thread_.joinable()) static_cast<void>(stop(core::MonotonicClock::now()));
}

void Courier::send(sink::Parcel parcel) {
  {
    const std::lock_guard lock(mutex_);
    backlog_.push(std::move(parcel), core::MonotonicClock::now());
  }
  wake_.notify_one();
}

CourierStats Courier::stats() const {
  const std::lock_guard lock(mutex_);
  CourierStats stats = counted_;
  stats.waiting = backlog_.in_memory();
  stats.spooled = backlog_.spooled();
  stats.lost = backlog_.lost();
  stats.spool = backlog_.spool_losses();
  stats.spool_trouble = backlog_.spool_trouble();
  return stats;
}

std::vector<std::string> Courier::take_messages() {
  const std::lock_guard lock(mutex_);
  return std::exchange(messages_, {});
}

void Courier::wind_up(core::Time deadline) {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    stop_by_ = deadline;
  }
  wake_.notify_one();
}

Farewell Courier::stop(core::Time deadline) {
  wind_up(deadline);
  thread_.join();
  const std::lock_guard lock(mutex_);  // for those who ask for stats() meanwhile
  Farewell farewell;
  farewell.trouble = counted_.trouble;
  backlog_.keep(core::MonotonicClock::now());
  farewell.kept = backlog_.spooled();
  farewell.lost = backlog_.lost();
  for (const std::string& more : {unconfirmed_, backlog_.spool_trouble()}) {
    if (!more.empty()) farewell.trouble += (farewell.trouble.empty() ? "" : "; ") + more;
  }
  return farewell;
}

void Courier::run() {
  const core::Status prepared = options_.prepare ? options_.prepare() : core::Status{};
  std::unique_lock lock(mutex_);
  if (!prepared) tell(prepared.error().message);
  for (;;) {
    const core::Time now = core::MonotonicClock::now();
    tell_of_losses();
    if (is_over(now)) break;
    if (now < retry_at_ && !is_stopping_) {
      wait_until(lock, std::min(retry_at_, now + kTendEvery));
      continue;
    }
    backlog_.tend(now);
    const auto parcel = backlog_.front();
    if (!parcel && is_stopping_) break;
    if (!parcel) {
      wait_until(lock, now + kTendEvery);
      continue;
    }
    attempt(lock, parcel);
  }
  const core::Time until = std::max(stop_by_, core::MonotonicClock::now());
  lock.unlock();
  const auto flushed = outlet_->flush(until);
  if (!flushed) unconfirmed_ = flushed.error().message;
}

bool Courier::is_over(core::Time now) const {
  return is_stopping_ && (now >= stop_by_ || (is_last_try_over_ && backlog_.has_spool()));
}

void Courier::wait_until(std::unique_lock<std::mutex>& lock, core::Time until) {
  const auto left = until - core::MonotonicClock::now();
  // Woken up by send() too: looking again costs less than it would to tell why.
  if (left.count() > 0) wake_.wait_for(lock, std::chrono::microseconds(left.count()));
}

void Courier::attempt(std::unique_lock<std::mutex>& lock, const std::shared_ptr<const sink::Parcel>& parcel) {
  core::Time by = core::MonotonicClock::now() + kSlice;
  if (is_stopping_) by = std::min(by, stop_by_);
  lock.unlock();
  if (in_hand_ != parcel) {
    if (in_hand_) outlet_->forget();
    in_hand_ = parcel;
    in_hand_since_ = core::MonotonicClock::now();
  }
  const sink::Delivery delivery = outlet_->deliver(*parcel, by);
  std::string noticed = outlet_->take_notice();
  if (delivery.kind == sink::Delivery::Kind::delivered || delivery.kind == sink::Delivery::Kind::refused) in_hand_.reset();
  lock.lock();
  if (!noticed.empty()) tell(std::move(noticed));
  const core::Time now = core::MonotonicClock::now();
  settle(delivery, *parcel, now);
  // An outlet that returns at once without an end would keep a processor busy; while stopping, so would one that is out of order.
  const bool waits = is_stopping_ && delivery.kind == sink::Delivery::Kind::not_now && !is_over(now);
  if (waits) wait_until(lock, std::min(retry_at_, stop_by_));
}

void Courier::settle(const sink::Delivery& delivery, const sink::Parcel& parcel, core::Time now) {
  using Kind = sink::Delivery::Kind;
  switch (delivery.kind) {
    case Kind::delivered:
      counted_.delivered += Tally::of(parcel);
      backlog_.pop();
      end_outage(now);
      return;
    case Kind::refused:
      if (counted_.refused.empty()) tell("a parcel was refused and is dropped: " + delivery.why + "; further ones are counted");
      counted_.refused += Tally::of(parcel);
      backlog_.pop();
      end_outage(now);
      return;
    case Kind::going_on:
      if (now - in_hand_since_ >= kStuck) begin_outage("it takes nothing, or is slow", now);
      return;
    case Kind::not_now:
      ++counted_.failures;
      retry_at_ = now + backoff_.failed(delivery.retry_after);
      is_last_try_over_ = is_stopping_;
      begin_outage(delivery.why, now);
      return;
  }
}

void Courier::begin_outage(const std::string& why, core::Time now) {
  if (counted_.trouble.empty()) {
    outage_since_ = now;
    tell(why + (backlog_.has_spool() ? "; parcels go to the spool until it works again" : "; parcels wait until it works again"));
  }
  counted_.trouble = why;
  backlog_.set_outage(true, now);
}

void Courier::end_outage(core::Time now) {
  backoff_.worked();
  retry_at_ = {};
  is_last_try_over_ = false;
  if (counted_.trouble.empty()) return;
  counted_.trouble.clear();
  backlog_.set_outage(false, now);
  tell("works again after " + core::to_string(now - outage_since_));
}

void Courier::tell_of_losses() {
  const std::string& trouble = backlog_.spool_trouble();
  if (!trouble.empty() && !is_spool_trouble_told_) tell(trouble + "; until it works parcels wait in memory alone");
  is_spool_trouble_told_ = !trouble.empty();
  if (!backlog_.lost().empty() && !is_loss_told_) tell("there is no more room: the oldest parcels are lost, and counted");
  is_loss_told_ = !backlog_.lost().empty();
}

void Courier::tell(std::string message) {
  if (messages_.size() < kMostMessages) messages_.push_back(options_.name + ": " + std::move(message));
}

}  // namespace uncork::collect
