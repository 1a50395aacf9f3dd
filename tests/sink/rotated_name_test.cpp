// Names that sort by time.

#include "sink/outlet/rotated_name.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/cure/scratch_directory.hpp"

namespace uncork::sink {
namespace {

constexpr std::int64_t kNow = 1'795'812'573'123'456;  // 2026-11-27 20:49:33.123456

TEST(RotatedNames, carry_the_time_and_keep_what_comes_behind_the_dot) {
  RotatedNames names("/nosuch/rows.jsonl.zst");
  EXPECT_EQ(names.next(kNow), "/nosuch/rows-20261127T204933.123456Z.jsonl.zst");
  EXPECT_LT(std::string("rows-2"), "rows.") << "a shell lists the file that is written last";
}

TEST(RotatedNames, of_a_file_without_a_dot_have_none) {
  EXPECT_EQ(RotatedNames("/nosuch/.rows").next(kNow), "/nosuch/.rows-20261127T204933.123456Z");
}

TEST(RotatedNames, go_on_behind_the_newest_that_is_there_when_the_clock_was_set_back) {
  const cure::testing::ScratchDirectory folder;
  const std::string path = folder.path() + "/rows.jsonl";
  const std::string first = RotatedNames(path).next(kNow);
  std::ofstream(first) << "x";
  std::ofstream(folder.path() + "/rows-20991399T000000.000000Z.jsonl") << "no time";
  const std::string second = RotatedNames(path).next(kNow - 3'600'000'000);
  EXPECT_EQ(second, folder.path() + "/rows-20261127T204933.123457Z.jsonl");
  EXPECT_GT(RotatedNames(path).next(kNow + 3'600'000'000), second);
}

}  // namespace
}  // namespace uncork::sink
