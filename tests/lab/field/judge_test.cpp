#include "lab/field/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/field/case_parser.hpp"

namespace uncork::lab::field {
namespace {

using stall::Cause;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr core::Micros ms(double count) { return core::Micros(static_cast<std::int64_t>(count * 1000)); }

Case wanting(const std::string& lines) {
  auto parsed = parse_case("case X\nclient w1 r1\nserver r1 w1\n" + lines);
  if (!parsed) throw std::runtime_error(parsed.error().message);
  return *parsed;
}

/// Ten exchanges of 50 ms in which nobody is charged.
class Played {
 public:
  Played() {
    play_.exchanges = 10;
    play_.wall = ms(500);
    play_.ends = {{Who::client, Who::server, {}, {}}, {Who::server, Who::client, {}, {}}};
  }
  /// That much of it, an exchange, in that end's account.
  Played& charge(Who who, Cause cause, double ms_an_exchange) {
    end(who).account.budget[cause] += ms(10 * ms_an_exchange);
    return *this;
  }
  Played& late(Who who, double ms_an_exchange, std::uint64_t writes) {
    stall::Late& late = end(who).account.late_by.at(static_cast<std::size_t>(Cause::nagle_delayed_ack));
    late.total = ms(10 * ms_an_exchange);
    late.writes = 10 * writes;
    return *this;
  }
  Played& wall(double ms_an_exchange) {
    play_.wall = ms(10 * ms_an_exchange);
    return *this;
  }
  [[nodiscard]] const Play& play() const { return play_; }

 private:
  PlayedEnd& end(Who who) { return play_.ends[who == Who::client ? 0 : 1]; }
  Play play_;
};

std::vector<std::string> complaints(const Case& field_case, const Played& played) {
  return judge(field_case, played.play()).complaints;
}

TEST(FieldJudge, is_content_when_the_wanted_time_is_charged_to_whom_it_must) {
  const Case sick = wanting("want server nagle_delayed_ack 38..44ms\n");
  EXPECT_THAT(complaints(sick, Played().charge(Who::server, Cause::nagle_delayed_ack, 41)), IsEmpty());
  EXPECT_THAT(complaints(sick, Played().charge(Who::server, Cause::nagle_delayed_ack, 46)), IsEmpty()) << "timers are late";
  EXPECT_THAT(complaints(sick, Played().charge(Who::server, Cause::nagle_delayed_ack, 37)), IsEmpty()) << "1 ms means nothing";
  EXPECT_THAT(complaints(sick, Played().charge(Who::server, Cause::nagle_delayed_ack, 36)),
              ElementsAre(HasSubstr("36.00, wanted 38")));
  EXPECT_THAT(complaints(sick, Played().charge(Who::server, Cause::nagle_delayed_ack, 47)),
              ElementsAre("server nagle_delayed_ack: 47.00, wanted 38 to 44 ms"));
  EXPECT_THAT(complaints(sick, Played().charge(Who::client, Cause::nagle_delayed_ack, 41)),
              ElementsAre(HasSubstr("0.00, wanted 38"), "client is charged 41.0 ms of nagle_delayed_ack"));
}

TEST(FieldJudge, nobody_may_be_charged_a_millisecond_or_two_percent_of_the_exchange) {
  const Case healthy = wanting("want nobody\n");
  EXPECT_THAT(complaints(healthy, Played().charge(Who::client, Cause::cork, 1)), IsEmpty());
  EXPECT_THAT(complaints(healthy, Played().charge(Who::client, Cause::cork, 1.1)), ElementsAre(HasSubstr("1.1 ms of cork")));
  EXPECT_THAT(complaints(healthy, Played().wall(200).charge(Who::client, Cause::cork, 3.9)), IsEmpty());
  EXPECT_THAT(complaints(healthy, Played().charge(Who::client, Cause::network, 40)), IsEmpty()) << "the wire is no stall";
}

TEST(FieldJudge, a_closed_window_is_the_readers_though_the_writer_has_the_account) {
  const Case reader = wanting("want client receive_window 40..50ms\n");
  const Played played = Played().charge(Who::server, Cause::receive_window, 45);
  EXPECT_THAT(complaints(reader, played), IsEmpty());
  const auto blames = judge(reader, played.play()).blames;
  ASSERT_EQ(blames.size(), 1U);
  EXPECT_EQ(blames[0].who, Who::client);
}

TEST(FieldJudge, what_is_allowed_need_not_be_wanted) {
  const Case lossy = wanting("want client loss_recovery\nallow client pacing\n");
  EXPECT_THAT(complaints(lossy, Played().charge(Who::client, Cause::loss_recovery, 5).charge(Who::client, Cause::pacing, 9)),
              IsEmpty());
  EXPECT_THAT(complaints(lossy, Played().charge(Who::client, Cause::pacing, 9)),
              ElementsAre(HasSubstr("wanted more than 1.0 ms")));
}

TEST(FieldJudge, shares_are_of_what_is_lost_or_of_the_wall) {
  const Case shares = wanting("want client receive_window 95..100% of lost\nallow server send_buffer\n");
  const auto with = [](double other) {
    return Played().charge(Who::server, Cause::receive_window, 40).charge(Who::server, Cause::send_buffer, other);
  };
  EXPECT_THAT(complaints(shares, with(2)), IsEmpty());
  EXPECT_THAT(complaints(shares, with(10)), ElementsAre(HasSubstr("80.00, wanted 95 to 100 % of lost")));
  const Case wall = wanting("want client nagle_round_trip 36..46% of wall\n");
  EXPECT_THAT(complaints(wall, Played().charge(Who::client, Cause::nagle_round_trip, 20)), IsEmpty());
  EXPECT_THAT(complaints(wall, Played().charge(Who::client, Cause::nagle_round_trip, 25)), ElementsAre(HasSubstr("50.00")));
}

TEST(FieldJudge, of_several_causes_the_first_must_be_the_largest) {
  const Case both = wanting("want client nagle_delayed_ack+nagle_round_trip 45..54ms\n");
  const auto split = [](double first) {
    return Played().charge(Who::client, Cause::nagle_delayed_ack, first).charge(Who::client, Cause::nagle_round_trip, 50 - first);
  };
  EXPECT_THAT(complaints(both, split(45)), IsEmpty());
  EXPECT_THAT(complaints(both, split(10)), ElementsAre(HasSubstr("not the largest")));
}

TEST(FieldJudge, lateness_is_judged_beside_what_was_lost) {
  const Case late = wanting("want nobody\nlate server 38..48ms 1 writes\n");
  EXPECT_THAT(complaints(late, Played().late(Who::server, 43, 1)), IsEmpty());
  EXPECT_THAT(complaints(late, Played()), ElementsAre(HasSubstr("server is late by 0.0 ms")));
  EXPECT_THAT(complaints(late, Played().late(Who::server, 43, 2)), ElementsAre(HasSubstr("2.0 late writes")));
}

TEST(FieldJudge, advice_is_looked_for_in_the_remedy_of_who_lost_most) {
  const Played held = Played().charge(Who::client, Cause::nagle_delayed_ack, 41);
  const std::string want = "want client nagle_delayed_ack 38..44ms\n";
  EXPECT_THAT(complaints(wanting(want + "advice has MERGE\n"), held), IsEmpty());
  EXPECT_THAT(complaints(wanting(want + "advice lacks tcp_nodelay\n"), held), ElementsAre("the remedy names 'tcp_nodelay'"));
}

TEST(FieldJudge, what_was_claimed_must_be_given_back) {
  const Case sick = wanting("want server nagle_delayed_ack 30..44ms\n");
  const Played before = Played().charge(Who::server, Cause::nagle_delayed_ack, 40);
  const auto recovery = [&](double cured_ms) {
    return compare(sick, judge(sick, before.play()), before.play(), Played().wall(cured_ms).play());
  };
  EXPECT_TRUE(recovery(10).equal);
  EXPECT_TRUE(recovery(15).equal) << "35 of 40: within 15 %";
  EXPECT_FALSE(recovery(17).equal);
  EXPECT_FALSE(recovery(50).equal) << "nothing was given back";
  EXPECT_DOUBLE_EQ(recovery(10).claimed_ms, 40);
  EXPECT_DOUBLE_EQ(recovery(10).given_back_ms, 40);
}

TEST(FieldJudge, two_milliseconds_do_not_excuse_a_claim_on_a_quick_exchange) {
  const Case healthy = wanting("want nobody\n");
  const Played quick = Played().wall(1).charge(Who::server, Cause::cork, 0.5);
  EXPECT_FALSE(compare(healthy, judge(healthy, quick.play()), quick.play(), Played().wall(1).play()).equal);
}

TEST(FieldPlay, counts_from_the_second_exchange_on) {
  stall::Account before;
  before.budget[Cause::cork] = ms(5);
  before.writes = 3;
  stall::Account after = before;
  after.budget[Cause::cork] += ms(7);
  after.late_by.at(0).total = ms(2);
  after.writes = 9;
  const stall::Account spent = since(before, after);
  EXPECT_EQ(spent.budget[Cause::cork], ms(7));
  EXPECT_EQ(spent.late_by.at(0).total, ms(2));
  EXPECT_EQ(spent.writes, 6U);
}

}  // namespace
}  // namespace uncork::lab::field
