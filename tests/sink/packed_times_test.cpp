#include "sink/store/packed_times.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace uncork::sink {
namespace {

TEST(PackedTimes, of_nothing_are_no_bytes) {
  EXPECT_EQ(packed({}), "");
  EXPECT_EQ(unpacked("").count(), 0U);
}

TEST(PackedTimes, take_two_bytes_a_bucket_where_counts_are_small) {
  stall::ExchangeTimes times;
  times.add(core::Micros(100), 7);
  times.add(core::Micros(3000), 120);
  EXPECT_EQ(packed(times).size(), 4U);
}

RC_GTEST_PROP(PackedTimesProperty, read_back_as_they_were, ()) {
  stall::ExchangeTimes times;
  for (const std::uint32_t us : *rc::gen::arbitrary<std::vector<std::uint32_t>>()) {
    times.add(core::Micros(us >> *rc::gen::inRange(0, 32)), *rc::gen::inRange<std::uint64_t>(1, 1ULL << 40));
  }
  RC_ASSERT(unpacked(packed(times)) == times);
}

RC_GTEST_PROP(PackedTimesProperty, any_bytes_are_read_without_harm, (const std::string& bytes)) {
  static_cast<void>(unpacked(bytes));
}

}  // namespace
}  // namespace uncork::sink
