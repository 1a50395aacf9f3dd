#include "stall/cause.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace uncork::stall {
namespace {

TEST(Cause, names_are_the_words_that_json_and_tables_use) {
  std::vector<std::string> names;
  for (const Cause cause : all_causes()) names.emplace_back(name(cause));
  EXPECT_EQ(names, (std::vector<std::string>{"nagle_delayed_ack", "nagle_round_trip", "cork", "receive_window",
                                             "congestion_window", "pacing", "loss_recovery", "send_buffer", "network",
                                             "peer_think", "local_think", "read_lag", "idle", "unattributed"}));
}

TEST(Cause, every_name_reads_back_as_its_cause) {
  for (const Cause cause : all_causes()) EXPECT_EQ(cause_named(name(cause)), cause) << name(cause);
}

TEST(Cause, an_unknown_word_names_no_cause) {
  EXPECT_EQ(cause_named("nagle"), std::nullopt);
  EXPECT_EQ(cause_named("Nagle_delayed_ack"), std::nullopt);
  EXPECT_EQ(cause_named("idle "), std::nullopt);
  EXPECT_EQ(cause_named(""), std::nullopt);
}

TEST(Cause, stalls_are_the_times_that_a_change_would_end) {
  std::set<Cause> stalls;
  std::ranges::copy_if(all_causes(), std::inserter(stalls, stalls.end()), is_stall);
  EXPECT_EQ(stalls, (std::set{Cause::nagle_delayed_ack, Cause::nagle_round_trip, Cause::cork, Cause::receive_window,
                              Cause::congestion_window, Cause::pacing, Cause::loss_recovery, Cause::send_buffer}));
}

}  // namespace
}  // namespace uncork::stall
