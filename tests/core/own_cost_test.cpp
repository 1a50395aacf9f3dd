// What this process says that it costs, against what it does.

#include "core/own_cost.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

namespace uncork::core {
namespace {

TEST(OwnCost, counts_the_processor_that_was_used) {
  const OwnCost before = own_cost();
  while (own_cost().cpu - before.cpu < Micros(20'000)) {
  }
  EXPECT_GE(own_cost().cpu, before.cpu + Micros(20'000));
}

TEST(OwnCost, counts_threads) {
  std::thread([] {}).join();  // with the first one the thread sanitizer begins one of its own
  const std::uint64_t before = own_cost().threads;
  ASSERT_GE(before, 1U);
  std::latch end(1);
  std::thread other([&] { end.wait(); });
  EXPECT_EQ(own_cost().threads, before + 1);
  end.count_down();
  other.join();
}

TEST(OwnCost, counts_memory_once_it_is_written_to) {
  const std::uint64_t before = own_cost().rss_bytes;
  ASSERT_GT(before, 0U);
  constexpr std::size_t kBytes = 64'000'000;
  const std::vector<char> written(kBytes, 1);
  const std::uint64_t after = own_cost().rss_bytes;
  EXPECT_GE(after, before + kBytes * 9 / 10) << static_cast<int>(written.back());
}

}  // namespace
}  // namespace uncork::core
