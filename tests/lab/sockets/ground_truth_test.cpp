#include "lab/sockets/ground_truth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace uncork::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::uint64_t kInode = 4026532000;
constexpr std::uint32_t kEstablished = 1;
constexpr std::uint32_t kTimeWait = 6;

const SocketAddress kLocal{"127.64.0.1", 40000};
const SocketAddress kPeer{"127.64.0.1", 8001};

/// A connection's end in a namespace `one`, open since 100.
class GroundTruthTest : public ::testing::Test {
 protected:
  GroundTruthTest() { truth_.opened(space_, {7, kLocal, kPeer}, 100); }

  static SeenRow row() { return {"one", kInode, 7, true, kEstablished, kLocal, kPeer}; }
  static SeenRow last_row() {
    SeenRow last = row();
    last.is_socket = false;
    return last;
  }
  const Tally& judged(std::vector<SeenRow> rows, std::int64_t begun = 200, std::int64_t arrived = 210) {
    truth_.judge({.sequence = 1, .begun = begun, .arrived = arrived, .whole = true, .coverage = "", .rows = std::move(rows)});
    return truth_.tally();
  }
  void close(std::int64_t from, std::int64_t until) {
    truth_.closing(7, from);
    truth_.closed(7, until);
  }

  GroundTruth truth_;
  GroundTruth::SpaceId space_ = truth_.add_space("one", kInode, Lasting::yes);
};

TEST_F(GroundTruthTest, a_look_with_each_socket_once_is_equal) {
  const Tally& tally = judged({row()});
  EXPECT_EQ(tally.equal_looks, 1U);
  EXPECT_EQ(tally.expected, 1U);
  EXPECT_EQ(tally.rows, 1U);
}

TEST_F(GroundTruthTest, counts_what_is_missing_and_what_is_there_twice) {
  EXPECT_EQ(judged({}).missing, 1U);
  const Tally& tally = judged({row(), row()});
  EXPECT_EQ(tally.duplicates, 1U);
  EXPECT_EQ(tally.equal_looks, 0U);
  EXPECT_THAT(tally.examples.front(), HasSubstr("no row: socket cookie 7 in 'one'"));
}

TEST_F(GroundTruthTest, what_opens_or_closes_during_a_look_may_be_in_it_or_not) {
  EXPECT_EQ(judged({}, 90, 110).missing, 0U);
  close(205, 206);
  EXPECT_EQ(judged({}).missing, 0U);
  EXPECT_EQ(judged({row()}).equal_looks, 3U);
  EXPECT_EQ(truth_.tally().expected, 0U);
}

TEST_F(GroundTruthTest, a_row_under_another_name_or_inode_is_misnamed) {
  SeenRow wrong = row();
  wrong.netns = "two";
  EXPECT_EQ(judged({wrong}).misnamed, 1U);
  wrong = row();
  wrong.inode = kInode + 1;
  EXPECT_EQ(judged({wrong}).misnamed, 2U);
  wrong = row();
  wrong.netns = nameless(kInode);  // its name may not be there yet, or not any more
  EXPECT_EQ(judged({wrong}).misnamed, 2U);
}

TEST_F(GroundTruthTest, a_row_with_another_address_is_misplaced) {
  SeenRow wrong = row();
  wrong.local.address = "127.64.0.2";
  EXPECT_EQ(judged({wrong}).misplaced, 1U);
  wrong = row();
  wrong.peer.port = 1;
  EXPECT_EQ(judged({wrong}).misplaced, 2U);
}

TEST_F(GroundTruthTest, a_closed_socket_that_is_shown_as_open_is_a_ghost) {
  close(150, 160);
  EXPECT_EQ(judged({row()}).ghosts, 1U);
  SeenRow waiting = row();
  waiting.state = kTimeWait;
  EXPECT_EQ(judged({waiting}).ghosts, 1U);
}

TEST_F(GroundTruthTest, a_socket_that_nobody_made_counts_where_all_are_known) {
  SeenRow stranger = row();
  stranger.cookie = 8;
  EXPECT_EQ(judged({row(), stranger}).strangers, 1U);
  stranger.inode = kInode + 1;
  EXPECT_EQ(judged({row(), stranger}).strangers, 1U);
}

TEST_F(GroundTruthTest, each_closed_socket_has_one_last_row) {
  EXPECT_EQ(judged({row(), last_row()}).early_ends, 1U);
  close(300, 310);
  EXPECT_EQ(judged({last_row()}, 400, 410).repeated_ends, 1U);
  truth_.settle(500);
  EXPECT_EQ(truth_.tally().ended, 1U);
  EXPECT_EQ(truth_.tally().unended, 0U);
}

TEST_F(GroundTruthTest, a_last_row_may_name_no_namespace_but_none_other) {
  SeenRow last = last_row();
  last.netns.clear();
  last.inode = 0;
  close(150, 160);
  const Tally& tally = judged({last});
  EXPECT_EQ(tally.nameless_ends, 1U);
  EXPECT_EQ(tally.misnamed, 0U);
  last.is_socket = true;
  EXPECT_EQ(judged({last}).misnamed, 1U);
}

TEST_F(GroundTruthTest, one_without_a_last_row_is_counted_once_it_has_had_its_time) {
  close(300, 310);
  truth_.settle(310);
  EXPECT_EQ(truth_.tally().ended, 0U);
  truth_.settle(311);
  EXPECT_EQ(truth_.tally().unended, 1U);
}

TEST_F(GroundTruthTest, one_that_no_look_saw_and_that_aborted_itself_has_no_addresses_left_to_tell) {
  truth_.wiped(7);
  close(300, 310);
  truth_.settle(311);
  EXPECT_EQ(truth_.tally().unended, 0U);
  EXPECT_EQ(truth_.tally().untold, 1U);
}

TEST_F(GroundTruthTest, one_that_a_look_saw_must_be_told_of_though_it_aborted_itself) {
  judged({row()});
  truth_.wiped(7);
  close(300, 310);
  truth_.settle(311);
  EXPECT_EQ(truth_.tally().unended, 1U);
}

TEST_F(GroundTruthTest, keeps_what_looks_said_when_they_were_not_whole) {
  truth_.judge({.sequence = 1, .begun = 1, .arrived = 2, .whole = false, .coverage = "1 gap", .rows = {}});
  EXPECT_EQ(truth_.tally().incomplete_looks, 1U);
  EXPECT_THAT(truth_.tally().incompleteness, SizeIs(1));
}

TEST_F(GroundTruthTest, adds_up_the_ends_that_looks_say_they_missed) {
  SeenLook look;
  look.ends_missed = 2;
  look.close_events_lost = 1;
  truth_.judge(look);
  truth_.judge(look);
  EXPECT_EQ(truth_.tally().ends_missed, 4U);
  EXPECT_EQ(truth_.tally().close_events_lost, 2U);
}

TEST(SeenLook, is_read_as_it_is_printed) {
  const auto look = read_look(
      R"({"sequence":3,"timestamp_ns":5,"whole":true,"coverage":"c","ends_missed":4,"close_events_lost":1,"namespaces":2,"sockets":[{"netns":"a","netnsInode":7,)"
      R"("inetDiagMsgSocketCookie":9,"rowKind":"ROW_KIND_SOCKET","inetDiagMsgState":10,"inetDiagMsgSocketSource":"::1",)"
      R"("inetDiagMsgSocketSourcePort":80,"inetDiagMsgSocketDestination":null},{"rowKind":"ROW_KIND_CLOSED"}]})");
  ASSERT_TRUE(look) << look.error().message;
  EXPECT_EQ(look->sequence, 3U);
  EXPECT_EQ(look->namespaces, 2U);
  EXPECT_EQ(look->ends_missed, 4U);
  EXPECT_EQ(look->close_events_lost, 1U);
  ASSERT_THAT(look->rows, SizeIs(2));
  EXPECT_TRUE(look->rows[0].is_socket);
  EXPECT_TRUE(look->rows[0].is(SocketState::listening));
  EXPECT_EQ(look->rows[0].local, (SocketAddress{"::1", 80}));
  EXPECT_FALSE(look->rows[1].is_socket);
}

TEST(SeenLook, that_is_none_is_refused) {
  for (const char* line : {"", "{", "{}", R"({"sequence":-1})", "uncork: something", R"({"sequence":1,"sockets":[{}]})"}) {
    EXPECT_FALSE(read_look(line)) << line;
  }
}

}  // namespace
}  // namespace uncork::lab
