#include "core/stop_signal.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <cstdlib>

namespace uncork::core {
namespace {

using std::chrono::hours;

bool blocked(int signal) {
  sigset_t mask{};
  EXPECT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &mask), 0);
  return sigismember(&mask, signal) == 1;
}

void send_to_myself(int signal) { ASSERT_EQ(pthread_kill(pthread_self(), signal), 0); }

TEST(StopSignal, has_not_come_when_none_was_sent) {
  StopSignal stop;
  EXPECT_FALSE(stop.stopped());
  EXPECT_FALSE(stop.wait_until(MonotonicClock::now()));
}

TEST(StopSignal, waits_for_its_deadline_when_no_signal_comes) {
  StopSignal stop;
  const Time deadline = MonotonicClock::now() + Micros(2'000);
  EXPECT_FALSE(stop.wait_until(deadline));
  EXPECT_GE(MonotonicClock::now(), deadline);
}

TEST(StopSignal, ends_a_wait_long_before_its_deadline) {
  for (const int signal : {SIGINT, SIGTERM}) {
    StopSignal stop;
    send_to_myself(signal);
    EXPECT_TRUE(stop.wait_until(MonotonicClock::now() + hours(1)));  // or the test runs into ctest's timeout
  }
}

TEST(StopSignal, stays_once_it_has_come) {
  StopSignal stop;
  send_to_myself(SIGTERM);
  EXPECT_TRUE(stop.stopped());
  EXPECT_TRUE(stop.stopped());
  EXPECT_TRUE(stop.wait_until(MonotonicClock::now() + hours(1)));
}

TEST(StopSignal, leaves_the_signals_as_it_found_them) {
  const bool before = blocked(SIGTERM);
  {
    const StopSignal stop;
    EXPECT_TRUE(blocked(SIGINT));
    EXPECT_TRUE(blocked(SIGTERM));
    EXPECT_FALSE(blocked(SIGUSR1));
  }
  EXPECT_EQ(blocked(SIGTERM), before);
}

TEST(StopSignalDeathTest, does_not_die_of_a_second_signal_during_the_clean_up) {
  EXPECT_EXIT(
      {
        {
          StopSignal stop;
          send_to_myself(SIGTERM);
          if (!stop.stopped()) std::_Exit(1);
          send_to_myself(SIGINT);
          send_to_myself(SIGTERM);
        }
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(StopSignalDeathTest, lets_signals_kill_again_afterwards) {
  EXPECT_EXIT(
      {
        std::signal(SIGTERM, SIG_DFL);
        {
          const StopSignal stop;
        }
        send_to_myself(SIGTERM);
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace uncork::core
