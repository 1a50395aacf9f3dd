#include "zino/front/answers_ahead.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace uncork::zino {
namespace {

constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

}  // namespace

AheadCounts& AheadCounts::operator+=(const AheadCounts& other) {
  used += other.used;
  expired += other.expired;
  dropped += other.dropped;
  return *this;
}

void AnswersAhead::listed(const std::vector<CaseId>& ids) {
  drop_all();
  ids_ = ids;
  position_.clear();
  for (std::size_t i = 0; i < ids_.size(); ++i) position_.emplace(ids_[i], i);
  const bool knows = std::ranges::any_of(cursors_, &Cursor::wanted);
  for (Cursor& one : cursors_) one = {false, knows && !one.wanted ? kNowhere : 0};
  if (!knows) {
    cursor(CaseQuestion::history).next = kNowhere;
    cursor(CaseQuestion::log).next = kNowhere;
  }
}

void AnswersAhead::forget_listing() {
  ids_ = {};
  position_.clear();
}

void AnswersAhead::asked(const CaseRequest& request) {
  Cursor& of_it = cursor(request.question);
  of_it.wanted = true;
  const auto found = position_.find(request.id);
  if (found == position_.end()) return;
  if (of_it.next == kNowhere || of_it.next == found->second) of_it.next = found->second + 1;
}

std::optional<CaseRequest> AnswersAhead::next(std::size_t in_flight) {
  if (kept_.size() + in_flight >= kMostUnused || bytes_ >= kMostBytes) return std::nullopt;
  const auto nearest = std::ranges::min_element(cursors_, {}, &Cursor::next);
  if (nearest->next >= ids_.size()) return std::nullopt;
  return CaseRequest{ids_[nearest->next++], static_cast<CaseQuestion>(nearest - cursors_.begin())};
}

void AnswersAhead::keep(const CaseRequest& request, std::string answer, core::Time now) {
  const auto older = kept_.find(request);  // of two the newer counts
  if (older != kept_.end()) forget(older);
  bytes_ += answer.size();
  kept_.emplace(request, Answer{std::move(answer), now});
}

void AnswersAhead::forget(std::map<CaseRequest, Answer>::iterator answer) {
  bytes_ -= answer->second.bytes.size();
  kept_.erase(answer);
}

std::optional<std::string> AnswersAhead::take(const CaseRequest& request, core::Time now) {
  const auto found = kept_.find(request);
  if (found == kept_.end()) return std::nullopt;
  const bool good = now - found->second.came <= kGoodFor;
  std::optional<std::string> answer;
  if (good) answer = std::move(found->second.bytes);
  ++(good ? counts_.used : counts_.expired);
  bytes_ -= good ? answer->size() : found->second.bytes.size();
  kept_.erase(found);
  return answer;
}

void AnswersAhead::drop(CaseId id) {
  for (const CaseQuestion question : {CaseQuestion::attributes, CaseQuestion::history, CaseQuestion::log}) {
    const auto found = kept_.find({id, question});
    if (found == kept_.end()) continue;
    ++counts_.dropped;
    forget(found);
  }
}

void AnswersAhead::drop_all() {
  counts_.dropped += kept_.size();
  kept_.clear();
  bytes_ = 0;
}

void AnswersAhead::expire(core::Time now) {
  for (auto at = kept_.begin(); at != kept_.end();) {
    const auto one = at++;
    if (now - one->second.came <= kGoodFor) continue;
    ++counts_.expired;
    forget(one);
  }
}

}  // namespace uncork::zino
