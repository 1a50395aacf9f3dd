// Memory and spool as one queue, in virtual time.

#include "collect/backlog.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/collect/some_parcel.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::collect {
namespace {

using cure::testing::ScratchDirectory;
using testing::number_of;
using testing::some_parcel;

constexpr core::Time kNow{std::chrono::seconds(100)};

Backlog opened(const BacklogOptions& options) {
  auto backlog = Backlog::open(options, kNow);
  if (!backlog) throw std::runtime_error(backlog.error().message);
  return std::move(*backlog);
}

TEST(Backlog, without_a_spool_memory_loses_the_oldest_and_counts_them) {
  Backlog backlog = opened({.memory_bytes = 200});
  for (std::uint32_t i = 0; i < 12; ++i) backlog.push(some_parcel(i), kNow);
  EXPECT_EQ(backlog.in_memory().parcels, 5U);
  EXPECT_EQ(backlog.lost(), (Tally{7, 14, 280}));
  EXPECT_EQ(number_of(*backlog.front()), 7U);
}

TEST(Backlog, a_parcel_that_made_room_while_it_was_delivered_is_not_lost) {
  Backlog backlog = opened({.memory_bytes = 100});
  backlog.push(some_parcel(0), kNow);
  const auto held = backlog.front();
  for (std::uint32_t i = 1; i < 5; ++i) backlog.push(some_parcel(i), kNow);
  EXPECT_EQ(backlog.lost().parcels, 2U);
  EXPECT_EQ(backlog.front(), held);
  backlog.pop();
  EXPECT_EQ(backlog.lost().parcels, 2U);
  EXPECT_EQ(number_of(*backlog.front()), 3U);
}

TEST(Backlog, during_an_outage_everything_is_on_disk) {
  const ScratchDirectory folder;
  const BacklogOptions options{.memory_bytes = 1'000, .spool = SpoolOptions{.folder = folder.path()}};
  {
    Backlog backlog = opened(options);
    for (std::uint32_t i = 0; i < 3; ++i) backlog.push(some_parcel(i), kNow);
    EXPECT_EQ(backlog.spooled().parcels, 0U);
    ASSERT_TRUE(backlog.front());
    backlog.set_outage(true, kNow);
    backlog.push(some_parcel(3), kNow);
    EXPECT_EQ(backlog.in_memory().parcels, 0U);
  }  // as a crash would
  Backlog again = opened(options);
  for (std::uint32_t i = 0; i < 4; ++i) {
    ASSERT_EQ(number_of(*again.front()), i);
    again.pop();
  }
}

TEST(Backlog, a_disk_that_takes_nothing_is_told_and_memory_goes_on) {
  BacklogOptions options{.memory_bytes = 100, .spool = SpoolOptions{.folder = "/proc/nosuch"}};
  Backlog backlog = opened(options);
  EXPECT_NE(backlog.spool_trouble().find("/proc/nosuch"), std::string::npos);
  backlog.set_outage(true, kNow);
  for (std::uint32_t i = 0; i < 4; ++i) backlog.push(some_parcel(i), kNow);
  EXPECT_EQ(backlog.in_memory().parcels, 2U);
  EXPECT_EQ(backlog.lost().parcels, 2U);
}

TEST(Backlog, a_spool_that_can_be_opened_later_is_used_from_then_on) {
  const ScratchDirectory folder;
  const std::string in_the_way = folder.path() + "/spool";
  std::filesystem::create_symlink("/proc/nosuch", in_the_way);
  Backlog backlog = opened({.memory_bytes = 100, .spool = SpoolOptions{.folder = in_the_way}});
  EXPECT_FALSE(backlog.has_spool());
  backlog.push(some_parcel(0), kNow);
  ASSERT_TRUE(backlog.front());
  std::filesystem::remove(in_the_way);
  backlog.tend(kNow);
  EXPECT_FALSE(backlog.has_spool()) << "tried again after a second, not at once";
  backlog.tend(kNow + std::chrono::seconds(2));
  ASSERT_TRUE(backlog.has_spool());
  EXPECT_EQ(backlog.spool_trouble(), "");
  for (std::uint32_t i = 1; i < 9; ++i) backlog.push(some_parcel(i), kNow + std::chrono::seconds(2));
  for (std::uint32_t i = 0; i < 9; ++i) {
    ASSERT_EQ(number_of(*backlog.front()), i);
    backlog.pop();
  }
}

TEST(Backlog, is_refused_a_spool_that_another_uses) {
  const ScratchDirectory folder;
  const BacklogOptions options{.spool = SpoolOptions{.folder = folder.path()}};
  const Backlog first = opened(options);
  EXPECT_FALSE(Backlog::open(options, kNow));
}

RC_GTEST_PROP(Backlog, any_mix_of_steps_loses_the_oldest_alone_and_counts_every_parcel_once, ()) {
  const ScratchDirectory folder;
  BacklogOptions options{.memory_bytes = *rc::gen::inRange<std::uint64_t>(40, 400)};
  const bool has_spool = *rc::gen::arbitrary<bool>();
  if (has_spool)
    options.spool = SpoolOptions{.folder = folder.path(), .most_bytes = *rc::gen::inRange<std::uint64_t>(200, 3'000)};
  Backlog backlog = opened(options);
  std::uint32_t pushed = 0;
  std::uint64_t popped = 0;
  std::int64_t last = -1;
  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12))) {
    if (step < 6) backlog.push(some_parcel(pushed++), kNow);
    if (step == 6) static_cast<void>(backlog.front());
    if (step == 7) backlog.set_outage(true, kNow);
    if (step == 8) backlog.set_outage(false, kNow);
    if (step < 9) continue;
    const auto parcel = backlog.front();
    if (!parcel) continue;
    RC_ASSERT(std::int64_t{number_of(*parcel)} > last);
    last = number_of(*parcel);
    backlog.pop();
    ++popped;
  }
  static_cast<void>(backlog.front());
  backlog.keep(kNow);
  RC_ASSERT(popped + backlog.lost().parcels + backlog.spooled().parcels == pushed);
  RC_ASSERT(backlog.in_memory() == Tally{});
  RC_ASSERT(has_spool || backlog.spooled() == Tally{});
}

}  // namespace
}  // namespace uncork::collect
