// How the one word of `uncork why` is read.

#include "cli/why/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::cli {
namespace {

using ::testing::HasSubstr;

/// 4242 is a living process called nginx, and 80 and 4242 are ports in use.
WhyWorld some_world() {
  return {[](std::int32_t pid) { return pid == 4242; }, [](std::int32_t) { return std::string("nginx"); },
          [](std::uint16_t port) { return port == 80 || port == 4242; }};
}

WhyTarget read(const std::string& word) { return read_target(word, some_world()).value(); }

std::string why_not(const std::string& word) {
  const auto target = read_target(word, some_world());
  EXPECT_TRUE(!target || target->words.empty()) << word;
  return target ? "" : target.error().message;
}

TEST(WhyTarget, a_number_is_a_process_if_one_has_it) {
  const WhyTarget target = read("4242");
  EXPECT_EQ(target.pid, 4242);
  EXPECT_FALSE(target.port);
  EXPECT_EQ(target.words, "process 4242 (nginx) and what it starts");
  EXPECT_TRUE(target.watch().tree);
}

TEST(WhyTarget, else_a_port_that_is_in_use_and_says_so) {
  const WhyTarget target = read("80");
  EXPECT_EQ(target.pid, 0);
  EXPECT_EQ(target.port, 80);
  EXPECT_EQ(target.words, "port 80 (no process has that number)");
}

TEST(WhyTarget, with_a_colon_it_is_a_port_in_any_case) {
  EXPECT_EQ(read(":4242").port, 4242);
  EXPECT_EQ(read(":4242").pid, 0);
  EXPECT_EQ(read(":9").words, "port 9") << "in use or not";
}

TEST(WhyTarget, all_else_is_a_program_with_its_port_if_it_has_one) {
  EXPECT_EQ(read("nginx").program, "nginx");
  EXPECT_FALSE(read("nginx").port);
  EXPECT_EQ(read("nginx:443").program, "nginx");
  EXPECT_EQ(read("nginx:443").port, 443);
  EXPECT_EQ(read("nginx:443").words, "nginx on port 443");
  EXPECT_EQ(read("a:b").program, "a:b") << "names may have colons";
  EXPECT_EQ(read("x:y:80").program, "x:y");
}

TEST(WhyTarget, what_is_neither_is_refused_with_what_was_tried) {
  EXPECT_EQ(why_not("81"), "'81': no process has that number, and no TCP socket here that port; ':8001' is a port in any case");
  EXPECT_THAT(why_not("99999999999999999999"), HasSubstr("no process has that number"));
  EXPECT_THAT(why_not("0"), HasSubstr("no process has that number"));
  EXPECT_THAT(why_not(":0"), HasSubstr("a port is a number from 1 to 65535"));
  EXPECT_THAT(why_not(":"), HasSubstr("a port is a number from 1 to 65535"));
  EXPECT_THAT(why_not(":http"), HasSubstr("a port is a number from 1 to 65535"));
  EXPECT_THAT(why_not("nginx:70000"), HasSubstr("a port is a number from 1 to 65535"));
  EXPECT_THAT(why_not(""), HasSubstr("give a process, a port such as :8001, or a program"));
  EXPECT_THAT(why_not("\x1b[2J:70000"), HasSubstr("'?[2J:70000'"));
}

}  // namespace
}  // namespace uncork::cli
