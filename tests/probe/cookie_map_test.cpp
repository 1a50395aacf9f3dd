#include "probe/cookie_map.hpp"

#include <gtest/gtest.h>

#include <map>

namespace uncork::probe {
namespace {

TEST(CookieMap, keeps_the_first_number_of_a_cookie) {
  CookieMap map;
  EXPECT_FALSE(map.find(7));
  EXPECT_TRUE(map.insert(7, 1));
  EXPECT_FALSE(map.insert(7, 2));
  EXPECT_EQ(map.find(7), 1U);
  const auto found = map.find_or_insert(7, 3);
  EXPECT_FALSE(found.fresh);
  EXPECT_EQ(found.number, 1U);
  map.number(8) += 5;
  EXPECT_EQ(map.find(8), 5U);
  EXPECT_EQ(map.size(), 2U);
}

TEST(CookieMap, holds_many_however_they_are_spread_and_forgets_all_at_once) {
  CookieMap map;
  for (const std::uint64_t stride : {std::uint64_t{1}, std::uint64_t{4096}, std::uint64_t{1} << 32}) {
    map.clear();
    EXPECT_EQ(map.size(), 0U);
    for (std::uint32_t i = 0; i < 5000; ++i) EXPECT_TRUE(map.insert(i * stride, i));
    for (std::uint32_t i = 0; i < 5000; ++i) EXPECT_EQ(map.find(i * stride), i);
    std::map<std::uint64_t, std::uint32_t> visited;
    map.for_each([&](std::uint64_t cookie, std::uint32_t number) { visited[cookie] = number; });
    EXPECT_EQ(visited.size(), 5000U);
  }
}

}  // namespace
}  // namespace uncork::probe
