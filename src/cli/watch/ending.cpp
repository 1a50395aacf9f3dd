#include "cli/watch/ending.hpp"

#include <algorithm>
#include <utility>

#include "cli/output.hpp"
#include "core/duration.hpp"
#include "core/syscall.hpp"

namespace uncork::cli {
namespace {

/// A pidfd is readable from the end of its process, reaped or not.
bool has_ended(const core::Fd& pidfd) {
  const auto ended = core::wait_readable(pidfd, core::MonotonicClock::now());
  return ended && *ended;
}

}  // namespace

void UntilStopped::follow(core::Fd process, std::string farewell) {
  process_ = std::move(process);
  farewell_ = std::move(farewell);
}

bool UntilStopped::is_over(core::Time now) {
  if (duration_ && !end_) end_ = now + *duration_;
  const bool process_ended = process_ && has_ended(*process_);
  if (process_ended && !farewell_.empty()) say("{}\n", std::exchange(farewell_, ""));
  return process_ended || stop_.stopped() || (end_ && now >= *end_);
}

void UntilStopped::wait_until(core::Time deadline) { stop_.wait_until(end_ ? std::min(deadline, *end_) : deadline); }

std::string UntilStopped::words() const {
  return "watching" + (duration_ ? " for " + core::to_string(*duration_) : std::string()) + "; Ctrl-C ends it";
}

bool UntilCommandEnds::is_over(core::Time now) {
  // The last that the kernel tells of a socket comes when its connection has ended, which takes a round trip or two.
  constexpr core::Micros kSettle{100'000};
  if (!exit_) exit_ = command_.wait_until(now);
  if (!exit_) return false;
  if (command_.has_leftovers()) {
    if (!std::exchange(said_, true))
      say("uncork watch: the command has ended; the processes that it left running are watched until they end\n");
    return false;
  }
  command_.pause(core::MonotonicClock::now() + kSettle);
  return true;
}

void UntilCommandEnds::wait_until(core::Time deadline) {
  constexpr core::Micros kLookEvery{100'000};  // how late the end of leftovers may be noticed
  if (exit_) return command_.pause(std::min(deadline, core::MonotonicClock::now() + kLookEvery));
  exit_ = command_.wait_until(deadline);
}

}  // namespace uncork::cli
