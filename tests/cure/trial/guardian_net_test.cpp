// What a trial leaves behind when it dies, whatever it dies of.

#include "cure/trial/guardian.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "tests/cure/scratch_directory.hpp"
#include "tests/cure/target_process.hpp"

namespace uncork::cure {
namespace {

using testing::connect_pair;
using testing::Connection;
using testing::nodelay;
using testing::TargetProcess;

class GuardianTest : public ::testing::Test {
 protected:
  /// In a child, as a trial would: guards the target, cures it, and then does this.
  void in_trial(const std::function<void(Guardian&)>& end) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::setpgid(0, 0);
      auto guardian = Guardian::start(options_);
      if (!guardian || !guardian->protect(target_.pid())) ::_exit(1);
      if (!cure_process(target_.pid(), options_)) ::_exit(2);
      end(*guardian);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) != 0) << status;
  }
  /// Whether the option is off within the patience of a test.
  [[nodiscard]] bool is_restored() const {
    const auto deadline = std::chrono::steady_clock::now() + testing::kPatience;
    while (nodelay(connection_.server) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return !nodelay(connection_.server);
  }

  testing::ScratchDirectory scratch_;
  CureOptions options_{std::nullopt, scratch_.states()};
  Connection connection_ = connect_pair();
  TargetProcess target_ = TargetProcess::holding({connection_.server.get()});
};

TEST_F(GuardianTest, restores_when_the_trial_is_killed) {
  in_trial([](Guardian&) { ::kill(::getpid(), SIGKILL); });
  EXPECT_TRUE(is_restored());
}

TEST_F(GuardianTest, restores_when_the_whole_process_group_is_killed) {
  in_trial([](Guardian&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the guardian leaves the group first of all
    ::kill(0, SIGKILL);
  });
  EXPECT_TRUE(is_restored());
}

TEST_F(GuardianTest, leaves_all_as_it_is_when_it_may_stand_down) {
  in_trial([](Guardian& guardian) { guardian.stand_down(); });
  EXPECT_TRUE(nodelay(connection_.server));
  EXPECT_EQ(undo_process(target_.pid(), options_).value().undone, 1U) << "and it can be taken back";
}

TEST_F(GuardianTest, restores_when_the_trial_ends_without_a_word) {
  in_trial([](Guardian& guardian) { const Guardian gone(std::move(guardian)); });
  EXPECT_FALSE(nodelay(connection_.server)) << "it was waited for";
}

}  // namespace
}  // namespace uncork::cure
