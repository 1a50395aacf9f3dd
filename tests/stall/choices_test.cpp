// The ways to end a stall: which there are, what each gives back, what it costs in segments, and the command.

#include "stall/choices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::stall {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// `exchanges` of `writes` small writes each, the second held for 40 ms and the others gathered with it.
Account chatty(std::uint64_t exchanges, std::uint64_t writes, Cause cause = Cause::nagle_delayed_ack) {
  Account account;
  account.exchanges = exchanges;
  account.writes = exchanges * writes;
  account.holds = exchanges;
  account.budget[cause] = core::Micros(40'000 * static_cast<std::int64_t>(exchanges));
  return account;
}

std::vector<std::string> commands(const std::vector<Choice>& choices) {
  std::vector<std::string> all;
  for (const Choice& choice : choices) all.push_back(choice.command);
  return all;
}

TEST(Choices, under_nagle_merging_saves_the_segments_that_holds_made) {
  const Account account = chatty(100, 5);
  const auto choices = choices_for({.account = account, .cause = Cause::nagle_delayed_ack, .cure = "uncork cure --pid 7"});
  ASSERT_EQ(choices.size(), 4U);
  EXPECT_EQ(choices[0].what, "merge the writes of one message");
  EXPECT_EQ(choices[0].gives, core::Micros(4'000'000));
  EXPECT_EQ(choices[0].segments, -1.0) << "two segments become one";
  EXPECT_EQ(choices[1].what, "set TCP_NODELAY");
  EXPECT_EQ(choices[1].segments, 3.0) << "two segments become five";
  EXPECT_EQ(choices[1].gives, choices[0].gives);
  EXPECT_THAT(commands(choices),
              ElementsAre("", "uncork cure --pid 7", "uncork run --merge -- COMMAND", "ip route change ROUTE quickack 1"));
}

TEST(Choices, of_two_writes_cost_no_segment_more) {
  const Account account = chatty(100, 2);
  EXPECT_EQ(choices_for({.account = account, .cause = Cause::nagle_delayed_ack})[1].segments, 0.0);
}

TEST(Choices, name_what_the_other_end_can_do_where_it_is_on_this_machine) {
  const Account account = chatty(10, 2);
  const Loser loser{.account = account, .cause = Cause::nagle_delayed_ack, .peer = "curl", .peer_port = 8001};
  const Choice last = choices_for(loser).back();
  EXPECT_EQ(last.place, Place::other_end);
  EXPECT_TRUE(last.at_most);
  EXPECT_EQ(last.command, "uncork cure --comm curl --port 8001 --quickack --watch");
}

TEST(Choices, make_no_command_of_a_name_that_a_shell_would_not_take) {
  const Account account = chatty(10, 2);
  for (const char* peer : {"$(reboot)", "a b", "x;y", "", "\xff"}) {
    const auto choices = choices_for({.account = account, .cause = Cause::nagle_delayed_ack, .peer = peer});
    EXPECT_EQ(choices.size(), 4U) << peer;
  }
}

TEST(Choices, do_not_hurry_acknowledgements_that_were_not_late) {
  const Account account = chatty(10, 2, Cause::nagle_round_trip);
  for (const Choice& choice : choices_for({.account = account, .cause = Cause::nagle_round_trip, .peer = "curl"}))
    EXPECT_EQ(choice.place, Place::here) << choice.what;
}

TEST(Choices, hurrying_acknowledgements_gives_back_no_round_trips) {
  Account account = chatty(10, 2);
  account.budget[Cause::nagle_round_trip] = core::Micros(100'000);
  const auto choices = choices_for({.account = account, .cause = Cause::nagle_delayed_ack});
  EXPECT_EQ(choices.front().gives, core::Micros(500'000));
  EXPECT_EQ(choices.back().gives, core::Micros(400'000));
}

TEST(Choices, there_are_none_where_it_is_cured_or_nothing_was_lost_or_only_the_path_could_change) {
  const Account account = chatty(10, 2);
  EXPECT_THAT(choices_for({.account = account, .cause = Cause::nagle_delayed_ack, .nodelay = true}), IsEmpty());
  for (const Cause cause : {Cause::idle, Cause::pacing, Cause::loss_recovery, Cause::network, Cause::peer_think})
    EXPECT_THAT(choices_for({.account = account, .cause = cause}), IsEmpty()) << name(cause);
}

TEST(Choices, count_no_segments_where_writes_were_not_seen) {
  Account account = chatty(10, 2);
  account.writes = 0;
  EXPECT_FALSE(choices_for({.account = account, .cause = Cause::nagle_delayed_ack}).front().segments.has_value());
}

TEST(Choices, of_a_small_window_depend_on_when_it_was_small) {
  Account account = chatty(10, 1, Cause::congestion_window);
  EXPECT_THAT(choices_for({.account = account, .cause = Cause::congestion_window}), IsEmpty()) << "it is the path";
  account.budget[Cause::idle] = core::Micros(1'000'000);
  EXPECT_THAT(choices_for({.account = account, .cause = Cause::congestion_window}).front().command,
              HasSubstr("tcp_slow_start_after_idle=0"));
  const auto first = choices_for({.account = account, .cause = Cause::congestion_window, .first_only = true});
  EXPECT_THAT(commands(first), ElementsAre("", "ip route change ROUTE initcwnd 30"));
}

TEST(Choices, of_a_reader_that_does_not_read_are_the_other_ends) {
  const Account account = chatty(10, 1, Cause::receive_window);
  for (const Choice& choice : choices_for({.account = account, .cause = Cause::receive_window}))
    EXPECT_EQ(choice.place, Place::other_end);
}

}  // namespace
}  // namespace uncork::stall
