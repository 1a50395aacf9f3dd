// What comes for streams that this end has reset, and how connections end.

#include <gmock/gmock.h>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;
using std::chrono::seconds;
using ::testing::SizeIs;

TEST(ResetStreams, forgets_none_and_takes_little_memory) {
  ResetStreams reset;
  for (stream_id id = 1; id < 100'000; id += 6) reset.add(id);
  for (stream_id id = 1; id < 100'000; id += 6) ASSERT_TRUE(reset.has(id)) << id;
  EXPECT_LE(reset.ranges(), ResetStreams::kMostRanges);
  EXPECT_LE(reset.memory(), 8192U);
  EXPECT_FALSE(reset.has(99'999));
  EXPECT_FALSE(reset.has(100'001));
  // The newest are told apart.
  EXPECT_TRUE(reset.has(99'997));
  EXPECT_FALSE(reset.has(99'995));
}

TEST(ResetStreams, joins_what_follows_each_other_in_any_order) {
  ResetStreams reset;
  for (const stream_id id : {9U, 1U, 5U, 3U, 7U, 5U}) reset.add(id);
  EXPECT_EQ(reset.ranges(), 1U);
  for (stream_id id = 1; id < 10; id += 2) EXPECT_TRUE(reset.has(id));
  EXPECT_FALSE(reset.has(11));
}

TEST(HonestPeer, has_three_thousand_calls_in_flight_that_are_cancelled) {
  options chosen;
  chosen.limits.fields_held = chosen.limits.memory = 100UL << 20U;
  ScriptedPeer peer(Side::client, chosen);
  peer.frame(FrameType::settings, frame_flag::kAck, 0);
  for (int i = 0; i < 3000; ++i) ASSERT_NE(peer.tested.open(made_of(get()), true), 0U);
  for (stream_id id = 1; id < 6000; id += 2) {
    peer.tested.reset(id, errc::cancel);
    peer.tested.release(id);
  }
  for (stream_id id = 1; id < 6000; id += 2) {
    peer.headers(id, {{":status", "200"}}, false);
    peer.data(id, "on its way", true);
    ASSERT_FALSE(peer.tested.is_over()) << id;
  }
  EXPECT_EQ(peer.tested.counts().late_frames, 6000U);
}

TEST(ResetStream, that_is_sent_header_sections_for_ever_ends_the_connection) {
  ScriptedPeer peer;
  peer.headers(1, post(), false);
  peer.tested.reset(1, errc::cancel);
  peer.tested.release(1);
  for (int i = 0; i < 20'000 && !peer.tested.is_over(); ++i) peer.headers(1, {{"a", "b"}}, false);
  EXPECT_EQ(peer.goaway(), errc::enhance_your_calm);
  EXPECT_GE(peer.tested.counts().late_frames, 4000U);
}

TEST(ServerSession, takes_no_endless_requests_behind_its_goaway) {
  ScriptedPeer peer;
  peer.headers(1, get());
  peer.tested.shut_down();
  const auto frames = peer.frames();
  peer.frame(FrameType::ping, frame_flag::kAck, 0, frames.back().payload);
  for (stream_id id = 3; id < 40'000 && !peer.tested.is_over(); id += 2) peer.headers(id, get());
  EXPECT_EQ(peer.tested.counts().calmed, 1U);
}

TEST(SessionOrder, nothing_follows_a_goaway_that_ends_the_connection) {
  options chosen;
  chosen.limits.provoked_resets = {5, 0};
  ScriptedPeer peer(Side::server, chosen);
  peer.frame(FrameType::settings, frame_flag::kAck, 0);
  for (stream_id id = 1; id < 100; id += 2) peer.headers(id, post(), false);
  peer.frames();
  for (int i = 0; i < 62; ++i) peer.pass(seconds(1));
  const auto frames = peer.frames();
  ASSERT_THAT(frames, SizeIs(7));  // five resets, one too many, and the end
  EXPECT_TRUE(frames.back().is(FrameType::goaway));
  EXPECT_EQ(peer.tested.counts().rested, 6U);
}

TEST(SessionCounts, say_which_limit_ended_the_connection) {
  const limits defaults;
  ScriptedPeer frames;
  frames.frame(FrameType::headers, 0, 1, hex("82"));
  for (std::uint32_t i = 0; i <= defaults.block_frames; ++i) frames.frame(FrameType::continuation, 0, 1);
  EXPECT_EQ(frames.tested.counts().blocks_of_too_many, 1U);
  EXPECT_EQ(frames.tested.counts().calmed, 1U);
  ScriptedPeer bytes;
  bytes.frame(FrameType::headers, 0, 1, hex("82"));
  for (int i = 0; i < 3; ++i) {
    if (!bytes.tested.is_over()) bytes.frame(FrameType::continuation, 0, 1, byte_vector(16'000));
  }
  EXPECT_EQ(bytes.tested.counts().blocks_too_long, 1U);
  const time_point begun{};
  Session silent(Side::server, {}, begun);
  silent.on_time(begun + defaults.preface_timeout);
  EXPECT_EQ(silent.counts().preface_timeouts, 1U);
  ScriptedPeer unconfirmed;
  unconfirmed.pass(defaults.settings_timeout);
  EXPECT_EQ(unconfirmed.tested.counts().settings_timeouts, 1U);
  ScriptedPeer idle;
  idle.frame(FrameType::settings, frame_flag::kAck, 0);
  idle.pass(defaults.idle_timeout);
  EXPECT_EQ(idle.tested.counts().idle_timeouts, 1U);
  EXPECT_EQ(idle.tested.counts().calmed, 0U);
  ScriptedPeer half;
  half.frame(FrameType::settings, frame_flag::kAck, 0);
  half.frame(FrameType::headers, 0, 1, hex("82"));
  half.pass(defaults.block_timeout);
  EXPECT_EQ(half.tested.counts().block_timeouts, 1U);
}

}  // namespace
}  // namespace uncork::http2
