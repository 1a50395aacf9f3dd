// How a live looker waits between two looks.

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>

#include "core/syscall.hpp"
#include "probe/look/live_looker.hpp"
#include "probe/namespaces/discovery.hpp"
#include "probe/namespaces/enter.hpp"

namespace uncork::probe {
namespace {

constexpr core::Micros kBetweenSearches = std::chrono::milliseconds(500);
constexpr core::Micros kBetweenBlindSearches = std::chrono::seconds(10);
constexpr core::Micros kBetweenEndings = std::chrono::milliseconds(200);  // 28,000 sockets that end fill the ring
constexpr core::Micros kUntilMounted = std::chrono::milliseconds(50);

}  // namespace

core::Result<bool> LiveLooker::wait(core::Time until) {
  for (;;) {
    const core::Time now = core::MonotonicClock::now();
    if (now >= until) return false;
    if (watch_ && now >= search_at_ && !is_worth_a_search(now)) {
      search_at_ = now + kBetweenSearches;
    } else if (watch_ && now >= search_at_) {
      const bool found = find_new_spaces();
      // A search may take long where there are many processes: not more than a twentieth of the time, with news a tenth.
      const core::Time searched_at = core::MonotonicClock::now();
      search_at_ = searched_at + std::max(kBetweenSearches, 20 * (searched_at - now));
      search_not_before_ = searched_at + 10 * (searched_at - now);
      search_anyway_at_ = searched_at + kBetweenBlindSearches;
      if (found) return true;
    }
    std::vector<pollfd> waited;
    if (closes_) {
      waited.push_back({closes_->news().get(), POLLIN, 0});
    }
    if (watch_) {
      waited.push_back({watch_->folder_news().get(), POLLIN, 0});
      waited.push_back({watch_->number_news().get(), POLLIN, 0});
    }
    core::Time wake_at = watch_ ? std::min(until, search_at_) : until;
    if (endings_) wake_at = std::min(wake_at, now + kBetweenEndings);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake_at - now);
    const int ready = ::poll(waited.data(), waited.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno != EINTR) return core::fail(core::system_error("wait for news of sockets", errno));
    if (ready <= 0) {
      take_endings();
      continue;
    }
    take_closes();
    if (had_news()) {
      search_at_ = std::min(search_at_, std::max(search_not_before_, core::MonotonicClock::now() + kUntilMounted));
      search_anyway_at_ = search_at_;
    }
  }
}

// A search reads of every process and every mount; where nothing began since the one before, there is hardly anything to find.
bool LiveLooker::is_worth_a_search(core::Time now) {
  const Begun begun = process_news_.take();
  if (begun.anything || now >= search_anyway_at_) return true;
  for (pid_t process = begun.after + 1; process <= begun.last; ++process) {
    if (is_in_new_space(process)) return true;
  }
  return false;
}

bool LiveLooker::is_in_new_space(pid_t process) const {
  std::array<char, 64> link{};
  const ssize_t length = ::readlink(("/proc/" + std::to_string(process) + "/ns/net").c_str(), link.data(), link.size());
  if (length <= 0) return false;  // it has ended, or may not be looked into
  const auto inode = namespace_inode({link.data(), static_cast<std::size_t>(length)});
  if (!inode || *inode == own_inode_) return false;
  const FoundNamespace* const known = space_of(*inode);
  return known == nullptr || !still_leads_to(*known);
}

// Those that came since the last look are listened in at once: what ends in them before the next gets its last row, and a name.
bool LiveLooker::find_new_spaces() {
  auto chosen = choose_namespaces(options_.namespaces, Descriptors::pass_over);
  if (!chosen) return false;
  take_closes();
  forget_gone_newcomers();
  std::erase_if(chosen->spaces, [&](const FoundNamespace& space) {
    const FoundNamespace* const known = space_of(space.inode);
    return known != nullptr && (known->inode == own_inode_ || still_leads_to(*known));
  });
  if (chosen->spaces.empty()) return false;
  look_up_nsids(chosen->spaces);
  for (FoundNamespace& space : chosen->spaces) {
    const auto known = places_.find(space.inode);
    if (known == places_.end()) {
      spaces_.push_back(std::move(space));
    } else {
      spaces_[known->second] = std::move(space);  // the inode is another's now, or other paths lead to it
    }
  }
  learn_spaces();
  enter_newcomers();
  return true;
}

// Of a number that is another namespace's by now, nobody knows whose end is meant by what is still to be heard.
void LiveLooker::take_news() {
  if (!watch_) return;
  if (watch_->take()) news_ = true;
  for (const std::uint32_t number : watch_->numbers_given_again()) forget_number(number);
}

void LiveLooker::forget_number(std::uint32_t number) {
  if (closes_) closes_->forget(number);
  const auto is_meant = [&](const FoundNamespace& space) { return space.nsid == number; };
  const auto newcomers = spaces_.begin() + static_cast<std::ptrdiff_t>(looked_at_);
  looked_at_ -= static_cast<std::size_t>(std::count_if(spaces_.begin(), newcomers, is_meant));
  if (std::erase_if(spaces_, is_meant) != 0) learn_spaces();
}

void LiveLooker::searched() {
  looked_at_ = spaces_.size();
  search_at_ = core::MonotonicClock::now() + kBetweenSearches;
  search_anyway_at_ = core::MonotonicClock::now() + kBetweenBlindSearches;
}

// Listening in a namespace may keep it alive. Where many come and go between two looks, those that only we keep are let go.
void LiveLooker::forget_gone_newcomers() {
  const auto newcomers = spaces_.begin() + static_cast<std::ptrdiff_t>(looked_at_);
  const auto gone = std::remove_if(newcomers, spaces_.end(), [](const FoundNamespace& space) { return !still_leads_to(space); });
  if (gone == spaces_.end()) return;
  spaces_.erase(gone, spaces_.end());
  learn_spaces();
  if (!closes_) return;
  std::vector<FoundNamespace> heard = spaces_;
  heard.insert(heard.end(), doubtful_.begin(), doubtful_.end());
  hear_only(heard);
}

}  // namespace uncork::probe
