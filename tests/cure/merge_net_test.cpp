// The library that merges writes, in programs that follow random scripts: it must never lose, double or reorder a byte, and
// never keep a program from going on or from ending.

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "core/clock.hpp"

namespace uncork::cure {
namespace {

constexpr core::Micros kPatience{60'000'000};

/// The exit code of merge/script.cpp under the library; 128 and the signal that ended it; -1: it did not end.
int run_script(std::vector<std::string> words) {
  std::string preload = "LD_PRELOAD=" UNCORK_MERGE_LIBRARY;
  std::vector<char*> variables = {preload.data(), nullptr};
  words.insert(words.begin(), UNCORK_MERGE_SCRIPT);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = -1;
  if (::posix_spawn(&child, argv.front(), nullptr, nullptr, argv.data(), variables.data()) != 0) return -1;
  const core::Time begun = core::MonotonicClock::now();
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (core::MonotonicClock::now() - begun > kPatience) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      return -1;
    }
    ::usleep(5000);
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

class Merging : public ::testing::TestWithParam<int> {};

TEST_P(Merging, keeps_every_byte_in_its_place) { EXPECT_EQ(run_script({std::to_string(GetParam())}), 0); }

INSTANTIATE_TEST_SUITE_P(Scripts, Merging, ::testing::Range(1, 13));

TEST(MergingThreads, a_program_whose_main_thread_has_left_ends_with_its_last_one) { EXPECT_EQ(run_script({"leave", "main"}), 0); }

TEST(MergingThreads, what_a_thread_keeps_back_leaves_before_a_process_ends_or_becomes_another) {
  EXPECT_EQ(run_script({"leave", "exit"}), 0);
  EXPECT_EQ(run_script({"leave", "_exit"}), 0);
  EXPECT_EQ(run_script({"leave", "exec"}), 0);
}

}  // namespace
}  // namespace uncork::cure
