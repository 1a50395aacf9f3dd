#include "cure/state_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace uncork::cure {
namespace {

using ::testing::HasSubstr;

constexpr const char* kBoot = "7c1f2f0e-5a4e-4b86-9f0c-2f4b1f6f8a11";

const std::string kHead = std::string("uncork-cure 1\nboot ") + kBoot + "\nprocess 4242 981723\n";

std::string refusal(const std::string& text) {
  const auto parsed = parse_cure_state(text);
  return parsed ? "accepted" : parsed.error().message;
}

TEST(StateFile, is_lines_that_a_person_can_read) {
  const CureState state{{kBoot, 4242, 981723}, {{77, 1}, {78, 1}}};
  EXPECT_EQ(serialize(state), kHead + "socket 77 1\nsocket 78 1\nend 2\n");
}

RC_GTEST_PROP(StateFile, reads_back_what_it_wrote, (const std::vector<std::pair<std::uint64_t, std::uint64_t>>& sockets)) {
  CureState state{{kBoot, *rc::gen::inRange<pid_t>(1, 1 << 22), *rc::gen::arbitrary<std::uint64_t>()}, {}};
  for (const auto& [cookie, netns] : sockets) state.sockets.push_back({cookie, netns});
  std::ranges::sort(state.sockets);
  const auto twice = std::ranges::unique(state.sockets);
  state.sockets.erase(twice.begin(), twice.end());
  const auto parsed = parse_cure_state(serialize(state));
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(*parsed == state);
}

RC_GTEST_PROP(StateFile, accepts_only_what_it_would_write_itself, ()) {
  std::string text = kHead + "socket 77 1\nsocket 78 1\nend 2\n";
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  text[at] = *rc::gen::arbitrary<char>();
  const auto parsed = parse_cure_state(text);
  if (parsed) {
    RC_ASSERT(serialize(*parsed) == text);
  } else {
    RC_ASSERT(parsed.error().code == core::ErrorCode::invalid_argument);
  }
}

TEST(StateFile, refuses_every_truncation) {
  const std::string text = kHead + "socket 77 1\nsocket 78 1\nend 2\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_cure_state(text.substr(0, size)).has_value()) << size;
  }
}

TEST(StateFile, says_which_line_is_wrong_and_what_belongs_there) {
  EXPECT_EQ(refusal(""), "line 1: expected 'uncork-cure 1'");
  EXPECT_EQ(refusal("uncork-cure 2\n"), "line 1: expected 'uncork-cure 1'");
  EXPECT_EQ(refusal("uncork-cure 1\nboot ../../etc\n"), "line 2: expected 'boot' and a boot id");
  EXPECT_EQ(refusal(kHead + "socket 1\n"), "line 4: expected 'socket', a cookie and a network namespace, or 'end'");
  EXPECT_EQ(refusal(kHead + "socket 2 1\nsocket 1 1\nend 2\n"), "line 5: expected sockets in rising order, each once");
  EXPECT_EQ(refusal(kHead + "socket 1 1\nsocket 1 1\nend 2\n"), "line 5: expected sockets in rising order, each once");
  EXPECT_EQ(refusal(kHead + "socket 1 1\nend 2\n"), "line 5: expected 'end' and the number of sockets before it");
  EXPECT_EQ(refusal(kHead + "end 0\nend 0\n"), "line 4: expected nothing after 'end'");
}

TEST(StateFile, refuses_numbers_out_of_range_or_oddly_written) {
  for (const char* socket : {"18446744073709551616 1", "-1 1", "+1 1", "01 1", "1  1", "1 1 ", "0x1 1", " 1"}) {
    EXPECT_THAT(refusal(kHead + "socket " + socket + "\nend 1\n"), HasSubstr("line 4")) << socket;
  }
  for (const char* process : {"0 1", "2147483648 1", "-1 1", "1"}) {
    const std::string text = std::string("uncork-cure 1\nboot ") + kBoot + "\nprocess " + process + "\nend 0\n";
    EXPECT_THAT(refusal(text), HasSubstr("line 3")) << process;
  }
}

TEST(StateFile, refuses_a_file_too_long_to_be_its_own) {
  EXPECT_THAT(refusal(std::string(kLongestState + 1, 'x')), HasSubstr("longer"));
}

}  // namespace
}  // namespace uncork::cure
