// Requests that do not end, and ends that need no window.

#include <gmock/gmock.h>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RestingRequest : public ::testing::Test {
 protected:
  RestingRequest() {
    peer_.frame(FrameType::settings, frame_flag::kAck, 0);
    peer_.headers(1, post(), false);
    peer_.frames();
  }
  void pass(int how_many) {
    for (int i = 0; i < how_many; ++i) peer_.pass(seconds(1));
  }
  ScriptedPeer peer_;
};

TEST_F(RestingRequest, is_reset_when_nothing_has_come_for_the_body_timeout) {
  pass(59);
  EXPECT_THAT(peer_.frames(), IsEmpty());
  pass(2);
  EXPECT_EQ(peer_.reset_of(1), errc::cancel);
  EXPECT_EQ(peer_.tested.counts().rested, 1U);
  EXPECT_THAT(peer_.events(Event::kind::reset), SizeIs(1));
}

TEST_F(RestingRequest, lives_while_single_bytes_come) {
  for (int i = 0; i < 5; ++i) {
    peer_.data(1, "x");
    pass(55);
  }
  EXPECT_EQ(peer_.tested.counts().rested, 0U);
}

TEST_F(RestingRequest, lives_while_its_answer_moves) {
  peer_.tested.submit_headers(1, ok(), false);
  for (int i = 0; i < 5; ++i) {
    static_cast<void>(peer_.tested.submit_data(1, as_bytes("x"), false));
    peer_.frames();
    pass(55);
  }
  EXPECT_EQ(peer_.tested.counts().rested, 0U);
}

TEST_F(RestingRequest, lives_while_its_owner_has_not_consumed_what_came) {
  peer_.consumes = false;
  peer_.data(1, "x");
  pass(200);
  EXPECT_EQ(peer_.tested.counts().rested, 0U);
}

TEST_F(RestingRequest, of_which_its_owner_allows_it_lives) {
  peer_.tested.allow_rest(1);
  peer_.headers(3, post(), false);
  pass(200);
  EXPECT_EQ(peer_.tested.counts().rested, 1U);  // the other
  EXPECT_THAT(peer_.events(Event::kind::reset), SizeIs(1));
  peer_.data(1, "at last", true);
  EXPECT_THAT(peer_.events(Event::kind::data), SizeIs(1));
}

TEST_F(RestingRequest, that_is_a_tunnel_lives) {
  peer_.tested.allow_rest(1);
  peer_.headers(3, {{":method", "CONNECT"}, {":authority", "a:1"}}, false);
  pass(200);
  EXPECT_EQ(peer_.tested.counts().rested, 0U);
}

TEST(BodyTimeout, of_0_is_none_and_a_response_may_always_rest) {
  options chosen;
  chosen.limits.body_timeout = milliseconds(0);
  ScriptedPeer peer(Side::server, chosen);
  peer.frame(FrameType::settings, frame_flag::kAck, 0);
  peer.headers(1, post(), false);
  for (int i = 0; i < 200; ++i) peer.pass(seconds(1));
  EXPECT_EQ(peer.tested.counts().rested, 0U);
  ScriptedPeer server(Side::client);
  server.frame(FrameType::settings, frame_flag::kAck, 0);
  ASSERT_EQ(server.tested.open(made_of(get()), true), 1U);
  server.headers(1, {{":status", "200"}}, false);
  for (int i = 0; i < 200; ++i) server.pass(seconds(1));
  EXPECT_EQ(server.tested.counts().rested, 0U);
  EXPECT_FALSE(server.tested.is_over());
}

TEST(ClientThatSaidGoaway, is_not_kept_for_the_idle_timeout) {
  ScriptedPeer peer;
  peer.frame(FrameType::settings, frame_flag::kAck, 0);
  peer.pass(seconds(50));
  peer.headers(1, get());
  peer.frame(FrameType::goaway, 0, 0, byte_vector(8));
  peer.pass(seconds(20));
  peer.tested.submit_headers(1, ok(), true);
  peer.tested.release(1);
  EXPECT_FALSE(peer.tested.is_over());
  peer.frame(FrameType::ping, 0, 0, byte_vector(8));
  EXPECT_THAT(peer.frames(FrameType::ping), SizeIs(1));
  peer.pass(seconds(1));
  EXPECT_TRUE(peer.tested.is_over());
}

/// A connection's window that one stream has used up.
class NoWindow : public ::testing::Test {
 protected:
  NoWindow() {
    peer_.set(Setting::initial_window_size, 1'000'000);
    for (const stream_id id : {1U, 3U}) {
      peer_.headers(id, get());
      peer_.tested.submit_headers(id, ok(), false);
    }
    EXPECT_GT(peer_.tested.submit_data(3, as_bytes("x"), false), 0U);
    peer_.frames();
    taken_ = peer_.tested.submit_data(1, byte_vector(kDefaultWindow + 100), false);
    taken_ += peer_.tested.submit_data(1, byte_vector(100), false);
    peer_.frames();
    taken_ += peer_.tested.submit_data(1, byte_vector(10'000), false);
    EXPECT_THAT(peer_.frames(), IsEmpty());
  }
  ScriptedPeer peer_;
  std::size_t taken_ = 0;
};

TEST_F(NoWindow, an_end_without_bytes_leaves) {
  static_cast<void>(peer_.tested.submit_data(3, {}, true));
  const auto frames = peer_.frames();
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_TRUE(frames[0].is(FrameType::data));
  EXPECT_TRUE(frames[0].header.has(frame_flag::kEndStream));
  EXPECT_EQ(frames[0].header.stream, 3U);
}

TEST_F(NoWindow, trailers_leave) {
  peer_.tested.submit_trailers(3, made_of({{"grpc-status", "0"}}));
  const auto frames = peer_.frames();
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_TRUE(frames[0].is(FrameType::headers));
}

TEST_F(NoWindow, an_end_behind_a_body_waits_with_it) {
  static_cast<void>(peer_.tested.submit_data(1, {}, true));
  EXPECT_THAT(peer_.frames(), IsEmpty());
  peer_.window_update(0, 1'000'000);
  std::size_t rest = 0;
  const auto frames = peer_.frames(FrameType::data);
  for (const auto& one : frames) rest += one.payload.size();
  EXPECT_EQ(rest, taken_ - (kDefaultWindow - 1));
  EXPECT_TRUE(frames.back().header.has(frame_flag::kEndStream));
}

TEST(SettingsThatNarrowWindows, leave_no_empty_frames) {
  ScriptedPeer peer;
  peer.headers(1, get());
  peer.tested.submit_headers(1, ok(), false);
  static_cast<void>(peer.tested.submit_data(1, byte_vector(20'000), true));  // scheduled
  peer.set(Setting::initial_window_size, 0);
  EXPECT_THAT(peer.frames(FrameType::data), IsEmpty());
}

}  // namespace
}  // namespace uncork::http2
