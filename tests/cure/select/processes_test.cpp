#include "cure/select/processes.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace uncork::cure {
namespace {

const std::string kRest = " 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 0 981723 24 25\n";

TEST(ProcessEntry, reads_pid_parent_start_and_any_name) {
  const auto entry = parse_process_entry("4242 (web server) S 17" + kRest).value();
  EXPECT_EQ(entry.pid, 4242);
  EXPECT_EQ(entry.parent, 17);
  EXPECT_EQ(entry.start_ticks, 981723U);
  EXPECT_EQ(entry.command, "web server");
  EXPECT_FALSE(entry.ended);
  EXPECT_EQ(parse_process_entry("1 (a) S 0 (b) S 17" + kRest).value().command, "a) S 0 (b");
  EXPECT_EQ(parse_process_entry("1 (\n) S 17" + kRest).value().command, "\n");
  EXPECT_TRUE(parse_process_entry("1 (gone) Z 17" + kRest).value().ended);
}

TEST(ProcessEntry, refuses_what_is_no_stat) {
  const std::string whole = "4242 (web) S 17" + kRest;
  for (std::size_t length = 0; length < whole.find("981723"); ++length)
    EXPECT_FALSE(parse_process_entry(whole.substr(0, length)).has_value()) << length;
  for (const std::string& text : {"x (web) S 17" + kRest, "0 (web) S 17" + kRest, "-1 (web) S 17" + kRest, "1 )web( S 17" + kRest,
                                  "1 (web) S -17" + kRest, "1 (web)S 17" + kRest, "99999999999 (web) S 17" + kRest})
    EXPECT_FALSE(parse_process_entry(text).has_value()) << text;
}

TEST(ProcessEntry, lists_this_process_and_its_parent) {
  const auto all = list_processes().value();
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &ProcessEntry::pid));
  const auto self = std::ranges::find(all, ::getpid(), &ProcessEntry::pid);
  ASSERT_NE(self, all.end());
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_FALSE(list_processes("/proc/no-such-folder").has_value());
}

}  // namespace
}  // namespace uncork::cure
