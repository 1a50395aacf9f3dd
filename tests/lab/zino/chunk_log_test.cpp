#include "lab/zino/chunk_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::lab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ChunkLog, gives_the_sizes_of_the_chunks_from_the_server) {
  EXPECT_THAT(*server_chunks("s2c\t60\t0\nc2s\t51\t120\ns2c\t8\t300\n"), ElementsAre(60, 8));
  EXPECT_THAT(*server_chunks(""), IsEmpty());
}

TEST(ChunkLog, refuses_a_line_that_is_no_chunk_and_says_which) {
  for (const char* bad :
       {"s2c\t60\t0\nwhat\n", "c2s\t1\t1\ns2c\tmany\t5\n", "c2s\t1\t1\ns2c\t5\n", "c2s\t1\t1\n\n", "c2s\t1\t1\ns2c"}) {
    const auto chunks = server_chunks(bad);
    ASSERT_FALSE(chunks) << bad;
    EXPECT_THAT(chunks.error().message, HasSubstr("line 2 ")) << bad;
  }
}

}  // namespace
}  // namespace uncork::lab
