// Rollups are the sums of what the polls brought.

#include "sink/store/rollups.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sink/store/reader.hpp"
#include "sink/store/schema.hpp"
#include "some_poll.hpp"

namespace uncork::sink {
namespace {

using testing::kBegin;
using testing::kSecondNs;
using testing::some_gain;
using testing::some_poll;
using testing::StoreFolder;

TEST(Rollups, a_poll_counts_in_its_minute_and_in_its_hour) {
  const StoreFolder folder;
  const auto store = folder.open();
  for (std::uint64_t i = 1; i <= 8; ++i) ASSERT_TRUE(store->add(some_poll(i).view()).has_value());  // 14:00:00 to 14:01:10
  EXPECT_EQ(folder.number("SELECT exchanges FROM minutes ORDER BY begin_s LIMIT 1"), 6 * 4);
  EXPECT_EQ(folder.number("SELECT exchanges FROM minutes ORDER BY begin_s DESC LIMIT 1"), 2 * 4);
  EXPECT_EQ(folder.number("SELECT exchanges FROM hours"), 8 * 4);
  EXPECT_EQ(folder.number("SELECT lost_us FROM hours"), 8 * 4000);
  EXPECT_EQ(folder.number("SELECT polls FROM hours"), 8);
  EXPECT_EQ(folder.number("SELECT watched_us FROM hours"), 80'000'000);
  EXPECT_NEAR(static_cast<double>(folder.number("SELECT p99_us FROM hours")), 3000, 3000.0 / 16);
}

/// Polls at any times of five hours, out of order too, with gains of a few services.
std::vector<testing::OwnedPoll> any_polls(std::uint64_t count) {
  std::vector<testing::OwnedPoll> polls;
  for (std::uint64_t i = 1; i <= count; ++i) {
    testing::OwnedPoll poll = some_poll(i, 0);
    poll.began_ns = kBegin + *rc::gen::inRange<std::int64_t>(0, 5 * kHour) * kSecondNs;
    poll.services.clear();
    for (std::uint16_t port = 1; port <= 3; ++port) {
      poll.services.push_back(some_gain("nginx", port, *rc::gen::inRange<std::uint64_t>(0, 9)));
      poll.services.back().container = port == 3 ? "web" : "";
    }
    polls.push_back(std::move(poll));
  }
  return polls;
}

RC_GTEST_PROP(RollupsProperty, any_span_of_whole_minutes_is_the_sum_of_its_polls, ()) {
  const StoreFolder folder;
  const auto store = folder.open();
  const auto polls = any_polls(40);
  for (const auto& poll : polls) RC_ASSERT(store->add(poll.view()).has_value());
  const std::int64_t from = kBegin + *rc::gen::inRange<std::int64_t>(0, 300) * kMinute * kSecondNs;
  const std::int64_t until = from + *rc::gen::inRange<std::int64_t>(1, 300) * kMinute * kSecondNs;
  std::map<StoredService, ServiceSums> expected;
  for (const auto& poll : polls) {
    if (poll.began_ns < from || poll.began_ns >= until) continue;
    for (const ServiceGain& service : poll.services) {
      expected[{service.gain.key, service.container, false}] +=
          sums_of(service.gain, poll.view().interval, stall::Confidence::witnessed);
    }
  }
  auto reader = Reader::open(folder.path());
  RC_ASSERT(reader.has_value());
  const auto found = reader->services({from, until});
  RC_ASSERT(found.has_value());
  RC_ASSERT((found->span == Span{from, until}));
  RC_ASSERT(found->services.size() == expected.size());
  for (const SummedService& service : found->services) RC_ASSERT(service.sums == expected.at(service.who));
}

TEST(Rollups, a_service_that_nobody_heard_of_is_not_written) {
  const StoreFolder folder;
  const auto store = folder.open();
  auto poll = some_poll(1);
  poll.services = {some_gain("idle", 80, 0)};
  poll.services[0].gain.open = poll.services[0].gain.connections = 0;
  ASSERT_TRUE(store->add(poll.view()).has_value());
  EXPECT_EQ(folder.number("SELECT count(*) FROM services"), 0);
}

}  // namespace
}  // namespace uncork::sink
