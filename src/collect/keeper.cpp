#include "collect/keeper.hpp"

#include <utility>

#include "core/count.hpp"

namespace uncork::collect {
namespace {

/// The texts of a row live in its maker's; a copy needs some of its own.
class TextKeeper {
 public:
  explicit TextKeeper(record::Texts& texts) : texts_(texts) {}
  void operator()(record::Text& text) const {
    if (!text.empty()) text = texts_.keep(text.view());
  }
  template <typename T>
  void operator()(T& /*number*/) const {}

 private:
  record::Texts& texts_;
};

record::Row copy_of(const record::Row& row, record::Texts& texts) {
  record::Row copy = row;
  const TextKeeper keep(texts);
#define FIELD(name, number, type, block, unit, source) keep(copy.name);
#include "record/fields.inc"
  return copy;
}

}  // namespace

std::string to_string(const PollTally& tally) {
  return core::count_of(tally.polls, "poll") + " (" + core::count_of(tally.rows, "row") + ")";
}

/// Owns what a Poll views.
struct Keeper::Kept {
  explicit Kept(const sink::Poll& poll)
      : boot_id(poll.boot_id), services(poll.services.begin(), poll.services.end()), copied(poll) {
    rows.reserve(poll.rows.size());
    for (const record::Row& row : poll.rows) rows.push_back(copy_of(row, texts));
    copied.boot_id = boot_id;
    copied.rows = rows;
    copied.services = services;
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() = default;

  [[nodiscard]] std::size_t bytes() const {
    constexpr std::size_t kTexts = 64 << 10;  // few differ within a poll
    return sizeof *this + kTexts + rows.size() * sizeof(record::Row) + services.size() * sizeof(sink::ServiceGain);
  }

  std::string boot_id;
  record::Texts texts;
  std::vector<record::Row> rows;
  std::vector<sink::ServiceGain> services;
  sink::Poll copied;
};

core::Status Keeper::add(const sink::Poll& poll) {
  constexpr std::size_t kMostAtOnce = 100;  // a poll may not wait for all of a long outage
  if (auto stored = store_waiting(kMostAtOnce); !stored || !waiting_.empty()) {
    keep(poll);
    return stored;
  }
  if (auto added = store_->add(poll); !added) {
    keep(poll);
    return core::fail(added.error());
  }
  if (auto notice = store_->take_notice()) messages_.push_back(std::move(*notice));
  return {};
}

core::Status Keeper::flush() { return store_waiting(waiting_.size()); }

core::Status Keeper::store_waiting(std::size_t most) {
  if (waiting_.empty()) return {};
  for (; !waiting_.empty() && most > 0; --most) {
    const Kept& oldest = *waiting_.front();
    if (auto added = store_->add(oldest.copied); !added) return core::fail(added.error());
    const PollTally one{1, oldest.rows.size()};
    late_ = {late_.polls + one.polls, late_.rows + one.rows};
    waiting_tally_ = {waiting_tally_.polls - one.polls, waiting_tally_.rows - one.rows};
    bytes_ -= oldest.bytes();
    waiting_.pop_front();
  }
  if (!waiting_.empty()) return {};
  std::string message = "the store takes polls again: " + to_string(late_) + " that waited are stored";
  if (is_drop_told_) message += "; " + to_string(dropped_) + " were dropped since the start";
  messages_.push_back(std::move(message));
  late_ = {};
  is_drop_told_ = false;
  return {};
}

void Keeper::keep(const sink::Poll& poll) {
  auto kept = std::make_shared<const Kept>(poll);
  bytes_ += kept->bytes();
  waiting_tally_ = {waiting_tally_.polls + 1, waiting_tally_.rows + kept->rows.size()};
  waiting_.push_back(std::move(kept));
  make_room();
}

void Keeper::make_room() {
  while (bytes_ > most_bytes_ && waiting_.size() > 1) {
    const Kept& oldest = *waiting_.front();
    const std::size_t rows = oldest.rows.size();
    bytes_ -= oldest.bytes();
    waiting_tally_ = {waiting_tally_.polls - 1, waiting_tally_.rows - rows};
    dropped_ = {dropped_.polls + 1, dropped_.rows + rows};
    waiting_.pop_front();
    if (!is_drop_told_)
      messages_.emplace_back("there is no more room for polls that the store refuses: the oldest are dropped, and counted");
    is_drop_told_ = true;
  }
}

KeeperStats Keeper::stats() const { return {waiting_tally_, dropped_}; }

std::vector<std::string> Keeper::take_messages() { return std::exchange(messages_, {}); }

}  // namespace uncork::collect
