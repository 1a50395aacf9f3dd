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
  EXPECT_THAT(remedy.full, HasSubstr("python3 (pid 4711) has TCP_NODELAY set by now"));
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

TEST(Confidence, has_the_words_that_json_uses) {
  EXPECT_EQ(name(Confidence::witnessed), "witnessed");
  EXPECT_EQ(name(Confidence::sampled), "sampled");
}

}  // namespace
}  // namespace uncork::stall
