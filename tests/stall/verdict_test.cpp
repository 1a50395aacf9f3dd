#include "stall/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conversation.hpp"

namespace uncork::stall {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

ConnectionEnd server() {
  ConnectionEnd end;
  end.cookie = 7;
  end.process = {4711, "python3"};
  end.local = core::parse_endpoint("127.0.0.1:8001").value();
  end.remote = core::parse_endpoint("127.0.0.1:50314").value();
  end.netns = "net:[4026531840]";
  return end;
}

Account chatty() {
  Account account;
  account.exchanges = 10;
  account.writes = 25;
  account.wrote_bytes = 1000;
  account.holds = 10;
  account.budget = budget_of({{Cause::nagle_delayed_ack, ms(410)}, {Cause::local_think, ms(5)}, {Cause::idle, ms(85)}});
  return account;
}

TEST(Verdict, says_how_long_was_watched_what_was_lost_and_to_which_stall) {
  const Verdict verdict = conclude(server(), chatty(), Confidence::sampled);
  EXPECT_EQ(verdict.wall, ms(500));
  EXPECT_EQ(verdict.lost, ms(410));
  EXPECT_EQ(verdict.cause, Cause::nagle_delayed_ack);
  EXPECT_EQ(verdict.confidence, Confidence::sampled);
  EXPECT_EQ(verdict.where.process.pid, 4711);
  EXPECT_EQ(verdict.account.exchanges, 10U);
}

TEST(Verdict, without_a_stall_blames_nobody) {
  Account account;
  account.budget = budget_of({{Cause::peer_think, ms(900)}, {Cause::idle, ms(100)}});
  const Verdict verdict = conclude(server(), account, Confidence::witnessed);
  EXPECT_EQ(verdict.cause, Cause::idle);
  EXPECT_EQ(verdict.lost, ms(0));
  EXPECT_THAT(verdict.remedy.full, IsEmpty());
  EXPECT_THAT(verdict.remedy.command, IsEmpty());
}

TEST(Remedy, for_nagle_names_the_writer_its_write_pattern_and_the_command_that_cures_it) {
  for (const Cause cause : {Cause::nagle_delayed_ack, Cause::nagle_round_trip}) {
    const Remedy remedy = remedy_for(cause, server(), chatty());
    EXPECT_EQ(
        remedy.full,
        "Change python3 (pid 4711): merge the writes of one message into one (it makes 2.5 writes of 40 bytes an exchange), or "
        "set TCP_NODELAY on this socket.");
    EXPECT_EQ(remedy.brief, "merge the writes, or set TCP_NODELAY");
    EXPECT_EQ(remedy.command, "uncork cure --pid 4711 --port 8001");
  }
}

TEST(Remedy, for_nagle_on_a_socket_that_was_cured_meanwhile_says_so) {
  ConnectionEnd cured = server();
  cured.nodelay = true;
  const Remedy remedy = remedy_for(Cause::nagle_delayed_ack, cured, chatty());
  EXPECT_THAT(remedy.full, HasSubstr("python3 (pid 4711) has TCP_NODELAY set now"));
  EXPECT_THAT(remedy.brief, StartsWith("cured"));
  EXPECT_THAT(remedy.command, IsEmpty());
}

TEST(Remedy, does_not_make_up_a_write_pattern_that_was_not_seen) {
  EXPECT_THAT(remedy_for(Cause::nagle_delayed_ack, server(), Account()).full, HasSubstr("its write pattern was not seen"));
}

TEST(Remedy, for_a_cork_names_the_writer_and_no_command_since_nodelay_does_not_undo_a_cork) {
  const Remedy remedy = remedy_for(Cause::cork, server(), chatty());
  EXPECT_THAT(remedy.full, StartsWith("Change python3 (pid 4711): clear TCP_CORK"));
  EXPECT_THAT(remedy.command, IsEmpty());
}

TEST(Remedy, for_a_closed_window_names_the_other_end) {
  EXPECT_THAT(remedy_for(Cause::receive_window, server(), chatty()).full,
              StartsWith("Change the peer at 127.0.0.1:50314: it does not read"));
  ConnectionEnd both_here = server();
  both_here.peer = Process{815, "curl"};
  const Remedy remedy = remedy_for(Cause::receive_window, both_here, chatty());
  EXPECT_THAT(remedy.full, StartsWith("Change curl (pid 815): it does not read"));
  EXPECT_THAT(remedy.full, Not(HasSubstr("python3")));
  EXPECT_THAT(remedy.command, IsEmpty());
}

TEST(Remedy, for_a_full_send_buffer_names_the_writer) {
  EXPECT_THAT(remedy_for(Cause::send_buffer, server(), chatty()).full, StartsWith("Change python3 (pid 4711): its send buffer"));
}

TEST(Remedy, for_the_path_asks_no_program_to_change) {
  for (const Cause cause : {Cause::congestion_window, Cause::loss_recovery}) {
    const Remedy remedy = remedy_for(cause, server(), chatty());
    EXPECT_THAT(remedy.full, HasSubstr("path")) << name(cause);
    EXPECT_THAT(remedy.full, Not(HasSubstr("Change"))) << name(cause);
    EXPECT_THAT(remedy.command, IsEmpty()) << name(cause);
  }
}

TEST(Remedy, of_a_process_that_is_not_known_names_its_address_and_no_command) {
  ConnectionEnd unknown = server();
  unknown.process = {};
  for (const Cause cause : {Cause::nagle_delayed_ack, Cause::cork, Cause::send_buffer}) {
    const Remedy remedy = remedy_for(cause, unknown, chatty());
    EXPECT_THAT(remedy.full, StartsWith("Change the process that owns 127.0.0.1:8001: ")) << name(cause);
    EXPECT_THAT(remedy.command, IsEmpty()) << name(cause);
  }
}

TEST(Remedy, is_there_for_each_stall_and_for_nothing_else) {
  for (const Cause cause : all_causes()) {
    const Remedy remedy = remedy_for(cause, server(), chatty());
    EXPECT_EQ(remedy.full.empty(), !is_stall(cause)) << name(cause);
    EXPECT_EQ(remedy.brief.empty(), !is_stall(cause)) << name(cause);
  }
}

TEST(Remedy, for_pacing_asks_no_program_to_change) {
  const Remedy remedy = remedy_for(Cause::pacing, server(), chatty());
  EXPECT_THAT(remedy.full, StartsWith("Neither program is at fault"));
  EXPECT_THAT(remedy.command, IsEmpty());
}

TEST(Remedy, for_nagle_where_nobody_could_look_for_nodelay_still_asks_for_it) {
  ConnectionEnd unseen = server();
  unseen.nodelay.reset();
  EXPECT_THAT(remedy_for(Cause::nagle_delayed_ack, unseen, chatty()).full, HasSubstr("or set TCP_NODELAY"));
}

// --- whose fault ---

TEST(Fault, is_the_writers_the_readers_or_the_paths_and_nobodys_where_nothing_was_lost) {
  for (const Cause cause : {Cause::nagle_delayed_ack, Cause::nagle_round_trip, Cause::cork, Cause::send_buffer}) {
    EXPECT_EQ(fault_of(cause), Fault::here) << name(cause);
  }
  EXPECT_EQ(fault_of(Cause::receive_window), Fault::peer);
  for (const Cause cause : {Cause::congestion_window, Cause::pacing, Cause::loss_recovery}) {
    EXPECT_EQ(fault_of(cause), Fault::path) << name(cause);
  }
  for (const Cause cause : all_causes()) EXPECT_EQ(fault_of(cause) == Fault::nobody, !is_stall(cause)) << name(cause);
}

TEST(Fault, of_a_verdict_is_that_of_its_worst_cause) {
  EXPECT_EQ(conclude(server(), chatty(), Confidence::witnessed).fault, Fault::here);
  EXPECT_EQ(conclude(server(), Account(), Confidence::witnessed).fault, Fault::nobody);
}

TEST(Fault, has_the_words_that_json_uses) {
  EXPECT_EQ(name(Fault::nobody), "nobody");
  EXPECT_EQ(name(Fault::here), "here");
  EXPECT_EQ(name(Fault::peer), "peer");
  EXPECT_EQ(name(Fault::path), "path");
}

// --- what is worth a person's time ---

Account that_lost(Cause cause, core::Micros lost, core::Micros busy, std::uint64_t exchanges) {
  Account account;
  account.exchanges = exchanges;
  account.budget = budget_of({{cause, lost}, {Cause::peer_think, busy - lost}, {Cause::idle, ms(100'000)}});
  return account;
}

TEST(Threshold, is_a_least_time_and_a_least_share_of_the_busy_time_together) {
  const Threshold threshold{ms(10), 0.02, ms(1'000)};
  EXPECT_TRUE(matters(that_lost(Cause::nagle_delayed_ack, ms(10), ms(500), 100), threshold));
  EXPECT_FALSE(matters(that_lost(Cause::nagle_delayed_ack, us(9'999), ms(20), 100), threshold)) << "too short a time";
  EXPECT_FALSE(matters(that_lost(Cause::nagle_delayed_ack, ms(10), us(500'001), 100), threshold)) << "too small a share";
}

TEST(Threshold, a_millisecond_of_each_exchange_is_enough_whatever_the_share) {
  const Threshold threshold;
  EXPECT_TRUE(matters(that_lost(Cause::nagle_delayed_ack, ms(15), ms(15'000), 15), threshold));
  EXPECT_FALSE(matters(that_lost(Cause::nagle_delayed_ack, ms(15) - us(1), ms(15'000), 15), threshold));
}

TEST(Threshold, what_flow_control_costs_counts_at_five_times_the_share) {
  const Threshold threshold{ms(1), 0.02, ms(1'000)};
  for (const Cause cause :
       {Cause::receive_window, Cause::congestion_window, Cause::pacing, Cause::loss_recovery, Cause::send_buffer}) {
    EXPECT_TRUE(matters(that_lost(cause, ms(100), ms(1'000), 10), threshold)) << name(cause);
    EXPECT_FALSE(matters(that_lost(cause, ms(99), ms(1'000), 10), threshold)) << name(cause);
  }
  for (const Cause cause : {Cause::nagle_delayed_ack, Cause::nagle_round_trip, Cause::cork}) {
    EXPECT_TRUE(matters(that_lost(cause, ms(20), ms(1'000), 10), threshold)) << name(cause);
  }
}

TEST(Threshold, nothing_lost_never_matters) {
  EXPECT_FALSE(matters(that_lost(Cause::nagle_delayed_ack, ms(0), ms(0), 0), Threshold{ms(0), 0.0, ms(0)}));
  EXPECT_FALSE(matters(that_lost(Cause::nagle_delayed_ack, ms(0), ms(10), 5), Threshold{ms(0), 0.0, ms(0)}));
}

TEST(Confidence, says_why_it_is_no_higher) {
  EXPECT_THAT(reason(Confidence::witnessed), HasSubstr("the kernel reported"));
  EXPECT_THAT(reason(Confidence::sampled), HasSubstr("now and then"));
}

TEST(Confidence, has_the_words_that_json_uses) {
  EXPECT_EQ(name(Confidence::witnessed), "witnessed");
  EXPECT_EQ(name(Confidence::sampled), "sampled");
}

}  // namespace
}  // namespace uncork::stall
