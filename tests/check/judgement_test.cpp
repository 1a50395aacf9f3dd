// What fails a service: holds above the limit that matter, and nothing else.

#include "check/judgement.hpp"

#include <gtest/gtest.h>

#include "check/check.hpp"
#include "tests/check/rows.hpp"

namespace uncork::check {
namespace {

using namespace std::chrono_literals;

Service service(stall::Cause cause, core::Micros lost, core::Micros wall, std::uint64_t exchanges) {
  Service service{{"server", Role::server, 8001}, 1, {}, testing::row(1, "server", 8001, 40'000).where};
  service.account.exchanges = exchanges;
  service.account.budget[cause] = lost;
  service.account.budget[stall::Cause::network] = wall - lost;
  return service;
}

Judgement judged(stall::Cause cause, core::Micros lost, core::Micros wall, std::uint64_t exchanges) {
  return judge(service(cause, lost, wall, exchanges), 250us, stall::Confidence::witnessed);
}

TEST(Judgement, fails_what_loses_more_than_the_limit_in_the_mean) {
  const Judgement failed = judged(stall::Cause::nagle_delayed_ack, 400ms, 500ms, 10);
  EXPECT_TRUE(failed.failed);
  EXPECT_EQ(failed.an_exchange, 40ms);
  EXPECT_EQ(failed.verdict.cause, stall::Cause::nagle_delayed_ack);
  EXPECT_FALSE(judged(stall::Cause::nagle_round_trip, 2400us, 30ms, 10).failed);
  EXPECT_TRUE(judged(stall::Cause::nagle_round_trip, 2600us, 30ms, 10).failed);
}

TEST(Judgement, passes_a_loss_that_does_not_matter) {
  EXPECT_FALSE(judged(stall::Cause::nagle_delayed_ack, 900us, 1ms, 1).failed);    // less than a millisecond in all
  EXPECT_FALSE(judged(stall::Cause::nagle_delayed_ack, 5ms, 1000ms, 10).failed);  // half a per cent, and 0.5 ms an exchange
}

TEST(Judgement, blames_nobody_for_windows_buffers_and_the_path) {
  for (const auto cause : {stall::Cause::receive_window, stall::Cause::send_buffer, stall::Cause::congestion_window,
                           stall::Cause::pacing, stall::Cause::loss_recovery}) {
    EXPECT_FALSE(judged(cause, 900ms, 1000ms, 1).failed) << stall::name(cause);
  }
}

TEST(Judgement, names_the_hold_where_the_path_took_more) {
  Service slow = service(stall::Cause::loss_recovery, 900ms, 1000ms, 10);
  slow.account.budget[stall::Cause::nagle_delayed_ack] = 400ms;
  const Judgement failed = judge(std::move(slow), 250us, stall::Confidence::witnessed);
  EXPECT_TRUE(failed.failed);
  EXPECT_EQ(failed.verdict.cause, stall::Cause::nagle_delayed_ack);
  EXPECT_EQ(failed.verdict.lost, 400ms);
}

TEST(Judgement, no_exchange_is_no_division_by_zero) { EXPECT_FALSE(judged(stall::Cause::network, 0us, 1ms, 0).failed); }

TEST(Judgement, the_limit_follows_the_round_trip) {
  EXPECT_EQ(default_limit(0us), 5ms);
  EXPECT_EQ(default_limit(1ms), 250us);
  EXPECT_EQ(default_limit(100ms), 5ms);
}

}  // namespace
}  // namespace uncork::check
