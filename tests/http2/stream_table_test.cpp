// The table of streams does what a map does, whichever ids come and go.

#include "http2/session/stream_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace uncork::http2 {
namespace {

/// Ids that follow each other, as an honest peer's do, and ids that all have one home, as a hostile one's may.
stream_id id_of(std::uint8_t number, bool is_hostile) { return is_hostile ? 1U + 2U * 1024U * number : 1U + 2U * number; }

TEST(StreamTable, finds_what_a_map_finds) {
  ASSERT_TRUE(rc::check([](const std::vector<std::pair<std::uint8_t, bool>>& steps) {
    StreamTable table;
    std::map<stream_id, Stream*> truth;
    for (const auto& [number, is_hostile] : steps) {
      const stream_id id = id_of(number % 64, is_hostile);
      if (truth.contains(id)) {
        table.erase(id);
        truth.erase(id);
      } else {
        truth[id] = &table.insert(id);
      }
      RC_ASSERT(table.size() == truth.size());
      for (const auto& [one, where] : truth) RC_ASSERT(table.find(one) == where && where->id == one);
      RC_ASSERT(table.find(id) == (truth.contains(id) ? truth[id] : nullptr));
    }
    std::size_t seen = 0;
    table.each([&](const Stream& one) { seen += truth.contains(one.id) ? 1U : 0U; });
    RC_ASSERT(seen == truth.size());
  }));
}

TEST(StreamTable, keeps_the_order_of_a_window_of_streams) {
  StreamTable table;
  constexpr stream_id kOpen = 100;
  for (stream_id id = 1; id < 2 * 100'000; id += 2) {
    table.insert(id);
    if (id > 2 * kOpen) table.erase(id - 2 * kOpen);
  }
  EXPECT_EQ(table.size(), kOpen);
  EXPECT_EQ(table.find(1), nullptr);
  EXPECT_NE(table.find(199'999), nullptr);
}

}  // namespace
}  // namespace uncork::http2
