#include "sink/store/watch.hpp"

#include <algorithm>

namespace uncork::sink {
namespace {

/// Polls are late now and then: a collector that was not there leaves more than this.
std::int64_t tolerated_ns(const PolledAt& poll) {
  constexpr std::int64_t kLeast = 1'000'000'000;
  return std::max(kLeast, poll.interval.count() * 1000 / 2);
}

}  // namespace

Watch watch_in(Span span, std::span<const PolledAt> polls) {
  Watch watch;
  watch.known_from_ns = span.from_ns;
  std::int64_t seen = span.from_ns;  // up to here
  std::int64_t watched_ns = 0;
  const auto leave = [&](std::int64_t until, std::int64_t tolerated) {
    if (until - seen > tolerated) watch.gaps.push_back({seen, until});
  };
  for (const PolledAt& poll : polls) {
    const std::int64_t begin = std::clamp(poll.began_ns - poll.interval.count() * 1000, span.from_ns, span.until_ns);
    const std::int64_t end = std::clamp(poll.began_ns, span.from_ns, span.until_ns);
    leave(begin, tolerated_ns(poll));
    watched_ns += std::max<std::int64_t>(end - std::max(begin, seen), 0);
    seen = std::max(seen, end);
  }
  const std::int64_t due = polls.empty() ? 0 : polls.back().interval.count() * 1000 + tolerated_ns(polls.back());
  leave(span.until_ns, due);
  watch.watched = core::Micros(watched_ns / 1000);
  return watch;
}

}  // namespace uncork::sink
