#include "lab/field/case_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lab/field/action_parser.hpp"

namespace uncork::lab::field {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr const char* kPlain =
    "case F02 A header, then a tail\n"
    "client w60 r83\n"
    "server r60 w79 w4\n"
    "want server nagle_delayed_ack 38..44ms\n";

Case parsed(const std::string& text) {
  auto result = parse_case(text);
  if (!result) throw std::runtime_error(result.error().message);
  return *result;
}

/// A case whose client does that.
std::vector<Action> actions(const std::string& text) {
  return parsed("case X\nclient " + text + "\nserver r1\nwant nobody\n").client.actions;
}

std::string error_of(const std::string& text) {
  const auto result = parse_case(text);
  return result ? "" : result.error().message;
}

/// What is said of one more line in a case that has four.
std::string error_of_line(const std::string& line) { return error_of(kPlain + line + "\n"); }

Action write(std::size_t bytes) { return {Act::write, bytes, core::Micros(0)}; }
Action read(std::size_t bytes) { return {Act::read, bytes, core::Micros(0)}; }
Action sleep_us(std::int64_t time) { return {Act::sleep, 0, core::Micros(time)}; }

TEST(FieldCase, reads_what_both_ends_do_and_what_is_wanted) {
  const Case read_case = parsed(kPlain);
  EXPECT_EQ(read_case.name, "F02");
  EXPECT_EQ(read_case.title, "A header, then a tail");
  EXPECT_THAT(read_case.client.actions, ElementsAre(write(60), read(83)));
  EXPECT_THAT(read_case.server.actions, ElementsAre(read(60), write(79), write(4)));
  EXPECT_EQ(read_case.repeat, 15U);
  EXPECT_EQ(read_case.link, std::nullopt);
  EXPECT_THAT(read_case.wants, ElementsAre(Want{Who::server, {stall::Cause::nagle_delayed_ack}, Range{38, 44}, Unit::ms}));
  EXPECT_THAT(wanted_lines(read_case), ElementsAre("server nagle_delayed_ack 38-44 ms"));
}

TEST(FieldCase, reads_every_action) {
  EXPECT_THAT(actions("w1 m2 r3 s0.5 p1000 cork uncork nodelay"),
              ElementsAre(write(1), Action{Act::write_more, 2, core::Micros(0)}, read(3), sleep_us(500),
                          Action{Act::wait, 0, core::Micros(1'000'000)}, Action{Act::cork, 0, core::Micros(0)},
                          Action{Act::uncork, 0, core::Micros(0)}, Action{Act::nodelay, 0, core::Micros(0)}));
}

TEST(FieldCase, writes_repetitions_out) {
  EXPECT_THAT(actions("3 x w30 w20"), ElementsAre(write(30), write(30), write(30), write(20)));
  EXPECT_THAT(actions("2 x (r5 s1) w1"), ElementsAre(read(5), sleep_us(1000), read(5), sleep_us(1000), write(1)));
  EXPECT_THAT(actions("2 x ( w1 2 x r2 )"), ElementsAre(write(1), read(2), read(2), write(1), read(2), read(2)));
  EXPECT_THAT(actions("10000 x w1"), SizeIs(kMostActions));
}

TEST(FieldCase, lines_of_one_end_follow_each_other_and_close_is_the_last) {
  const Case two = parsed("case X\nclient w1\nclient r2 close\nserver r1 w2\nwant nobody\n");
  EXPECT_THAT(two.client.actions, ElementsAre(write(1), read(2)));
  EXPECT_TRUE(two.client.closes);
  EXPECT_FALSE(two.server.closes);
  EXPECT_THAT(error_of_line("client close w1"), HasSubstr("line 5, column 14: 'w1' is one word too many"));
  EXPECT_THAT(error_of("case X\nclient w1 close\nclient w1\nserver r1\nwant nobody\n"), HasSubstr("an action after close"));
}

TEST(FieldCase, reads_how_sockets_are_set_up_and_the_link) {
  const Case full = parsed(
      "case X  # a comment\n\n"
      "client w40 r5\nserver r40 w5\n"
      "setup client threads 8 rcvbuf 8192\nsetup server nodelay sndbuf 16384 congestion cubic polls 20ms\nrelay\n"
      "link rtt 10ms loss 5% rate 1M queue 64k seed 7\nrepeat 200\nwant nobody\n");
  EXPECT_EQ(full.client.setup.threads, 8U);
  EXPECT_EQ(full.client.setup.receive_buffer_bytes, 8192);
  EXPECT_TRUE(full.server.setup.nodelay);
  EXPECT_EQ(full.server.setup.send_buffer_bytes, 16384);
  EXPECT_EQ(full.server.setup.congestion_control, "cubic");
  EXPECT_EQ(full.server.setup.polls, core::Micros(20'000));
  EXPECT_TRUE(full.relay.has_value());
  EXPECT_EQ(full.link, (link::Impairments{core::Micros(5000), 0.05, 7, 1'000'000, 64'000}));
  EXPECT_EQ(full.repeat, 200U);
}

TEST(FieldCase, reads_shares_lateness_allowances_and_advice) {
  const Case full = parsed(std::string(kPlain) +
                           "want client receive_window+send_buffer 95..100% of lost\nwant client peer_think 36..46% of wall\n"
                           "allow server send_buffer\nlate server 68..84ms 4 writes\nadvice lacks NODELAY\nrecover 20%\n");
  ASSERT_THAT(full.wants, SizeIs(3));
  EXPECT_EQ(full.wants[1].unit, Unit::of_lost);
  EXPECT_THAT(full.wants[1].causes, ElementsAre(stall::Cause::receive_window, stall::Cause::send_buffer));
  EXPECT_EQ(full.wants[2].unit, Unit::of_wall);
  EXPECT_THAT(full.allows, ElementsAre(Allowance{Who::server, {stall::Cause::send_buffer}}));
  EXPECT_THAT(full.lates, ElementsAre(WantLate{Who::server, {68, 84}, 4}));
  EXPECT_THAT(full.advices, ElementsAre(Advice{false, "NODELAY"}));
  EXPECT_EQ(full.recovery_percent, 20);
}

TEST(FieldCase, the_remedy_follows_from_the_stall_unless_it_is_named) {
  EXPECT_THAT(parsed(kPlain).remedies, ElementsAre(Remedy{Who::server, Cure::nodelay}));
  EXPECT_THAT(parsed(std::string(kPlain) + "remedy server merge nocork\n").remedies,
              ElementsAre(Remedy{Who::server, Cure::merge}, Remedy{Who::server, Cure::nocork}));
  EXPECT_THAT(parsed("case X\nclient w1 r1\nserver r1 s5 w1\nwant nobody\n").remedies, SizeIs(0));
}

TEST(FieldCase, cured_it_is_played_otherwise) {
  const auto server = [](const std::string& remedy) {
    return cured(parsed("case X\nclient w1 r9\nserver r1 cork w2 w3 s5 m4 uncork\nsetup server sndbuf 9 rcvbuf 9\nwant "
                        "nobody\nremedy server " +
                        remedy + "\n"))
        .server;
  };
  EXPECT_TRUE(server("nodelay").setup.nodelay);
  EXPECT_THAT(server("nocork").actions, ElementsAre(read(1), write(2), write(3), sleep_us(5000), write(4)));
  EXPECT_THAT(server("nosleep nocork merge").actions, ElementsAre(read(1), write(9)));
  EXPECT_EQ(server("kernel_sndbuf").setup.send_buffer_bytes, std::nullopt);
  EXPECT_EQ(server("kernel_rcvbuf").setup.receive_buffer_bytes, std::nullopt);
}

TEST(FieldCase, errors_point_at_the_word_and_say_what_is_accepted) {
  EXPECT_THAT(error_of_line("clinet w1"), StartsWith("line 5, column 1: 'clinet' is not a statement: case, client, server"));
  EXPECT_THAT(error_of_line("client w1 z9"), StartsWith("line 5, column 11: 'z9' is not an action: wN and mN"));
  EXPECT_THAT(error_of_line("client w0"), HasSubstr("'w0' is not an action"));
  EXPECT_THAT(error_of_line("client w99999999"), HasSubstr("is not an action"));
  EXPECT_THAT(error_of_line("client 6 w30"), HasSubstr("column 10: 'w30' where x must follow a number"));
  EXPECT_THAT(error_of_line("client 2 x (w1"), HasSubstr("a bracket is not closed"));
  EXPECT_THAT(error_of_line("client w1 )"), HasSubstr("')' is one word too many"));
  EXPECT_THAT(error_of_line("client 9999 x (9999 x w1)"), HasSubstr("more than 10000 actions"));
  EXPECT_THAT(error_of_line("client 2 x (2 x (2 x (2 x (2 x w1))))"), HasSubstr("nested too deeply"));
  EXPECT_THAT(error_of_line("setup nobody nodelay"), HasSubstr("'nobody' is not one of client, server and relay"));
  EXPECT_THAT(error_of_line("setup client rcvbuf"), StartsWith("line 5, column 20: buffer size in bytes is missing"));
  EXPECT_THAT(error_of_line("link rtt 10"), HasSubstr("no unit"));
  EXPECT_THAT(error_of_line("link loss 5"), HasSubstr("0% to 100%"));
  EXPECT_THAT(error_of_line("want client hiccups 1..2ms"), HasSubstr("'hiccups' is not a cause of the ledger"));
  EXPECT_THAT(error_of_line("want client cork+ 1..2ms"), HasSubstr("column 18: '' is not a cause"));
  EXPECT_THAT(error_of_line("want client cork 5..2ms"), HasSubstr("'5..2ms' is not a range"));
  EXPECT_THAT(error_of_line("want client cork 5..20%"), HasSubstr("a share is given `of lost` or `of wall`"));
  EXPECT_THAT(error_of_line("repeat 1"), HasSubstr("the number of exchanges must be from 2 to 100000"));
  EXPECT_THAT(error_of_line("late client 1..2ms 4"), HasSubstr("late writes are given as"));
}

TEST(FieldCase, needs_two_ends_and_a_verdict_that_makes_sense) {
  EXPECT_THAT(error_of(""), HasSubstr("case NAME"));
  EXPECT_THAT(error_of("case X\nclient w1\nwant nobody\n"), HasSubstr("server ACTIONS"));
  EXPECT_THAT(error_of("case X\nclient w1\nserver r1\n"), HasSubstr("want nobody"));
  EXPECT_THAT(error_of("case X\nclient w1\nserver r1\nwant client local_think 1..2ms\n"), HasSubstr("want nobody"));
  EXPECT_THAT(error_of_line("want nobody"), HasSubstr("a stall and nobody"));
  EXPECT_THAT(error_of("case X\nclient w1 w2 r1\nserver r1\nsetup client threads 2\nwant nobody\n"),
              HasSubstr("one write and one read"));
  EXPECT_THAT(error_of(std::string(70'000, '#')), HasSubstr("64 KiB"));
}

}  // namespace
}  // namespace uncork::lab::field
