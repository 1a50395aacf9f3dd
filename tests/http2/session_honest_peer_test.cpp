// Peers that mean no harm and come near a limit all the same, and what all streams of one connection hold together.

#include <gmock/gmock.h>

#include <algorithm>
#include <string>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;

void acknowledge_settings(ScriptedPeer& peer) { peer.frame(FrameType::settings, frame_flag::kAck, 0); }

// RFC 9113 6.8: what comes for a stream beyond the last one is discarded, its DATA count for the connection's window only.
TEST(ServerSession, discards_a_body_that_was_on_its_way_when_it_told_the_last_stream) {
  ScriptedPeer peer;
  acknowledge_settings(peer);
  peer.headers(1, get());
  peer.frames();
  peer.tested.shut_down();
  const auto frames = peer.frames();
  peer.frame(FrameType::ping, frame_flag::kAck, 0, frames.back().payload);
  peer.frames();
  peer.headers(3, post(), false);
  peer.data(3, "hello");
  peer.window_update(3, 100);
  peer.rst(3);
  EXPECT_FALSE(peer.tested.is_over());
}

TEST(ServerSession, waits_for_the_answer_to_the_ping_of_its_graceful_end) {
  ScriptedPeer peer;
  acknowledge_settings(peer);
  peer.headers(1, get());
  peer.pass(milliseconds(999));  // the next sweep is 1 ms away
  peer.frames();
  peer.tested.shut_down();
  peer.frames();
  peer.pass(milliseconds(100));  // less than many a round trip
  EXPECT_THAT(peer.frames(FrameType::goaway), IsEmpty());
}

// Before it has read our SETTINGS, a client may open as many streams as it likes (RFC 9113 5.1.2 and 6.5.2).
TEST(HonestPeer, sends_bodies_on_streams_that_were_refused) {
  ScriptedPeer peer;
  for (stream_id id = 1; id < 800; id += 2) peer.headers(id, post(), false);
  for (stream_id id = 1; id < 800 && !peer.tested.is_over(); id += 2) peer.data(id, "hello", true);
  EXPECT_FALSE(peer.tested.is_over());
}

// As grpc++ does; and answers of gRPC that are errors have no DATA.
TEST(HonestPeer, opens_the_window_of_each_of_many_requests_whose_answers_have_no_body) {
  ScriptedPeer peer;
  acknowledge_settings(peer);
  for (stream_id id = 1; id < 20'000 && !peer.tested.is_over(); id += 2) {
    peer.headers(id, get());
    peer.window_update(id, 5);
    peer.window_update(0, 5);
    peer.tested.submit_headers(id, ok(), true);
    peer.frames();
    peer.tested.release(id);
  }
  EXPECT_FALSE(peer.tested.is_over());
}

// RFC 9218: of two responses that are not incremental the second waits; its peer reads as fast as the first comes.
TEST(HonestPeer, downloads_one_response_after_the_other_for_longer_than_the_stall_timeout) {
  ScriptedPeer peer;
  acknowledge_settings(peer);
  peer.set(Setting::initial_window_size, kMostWindow);
  peer.window_update(0, kMostWindow - kDefaultWindow);
  peer.headers(1, get());
  peer.headers(3, get());
  const std::string body(100'000, 'b');
  for (const stream_id id : {1U, 3U}) {
    peer.tested.submit_headers(id, ok(), false);
    (void)peer.tested.submit_data(id, as_bytes(body), false);
  }
  peer.events();
  for (int second = 0; second < 40; ++second) {
    const auto out = peer.tested.gather();
    peer.tested.sent(out.size());
    (void)peer.tested.submit_data(1, as_bytes(body), false);
    peer.pass(seconds(1));
    EXPECT_THAT(peer.events(Event::kind::reset), IsEmpty()) << "after " << second << " s";
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(SessionMemory, of_the_fields_of_all_streams_together_is_bounded) {
  ScriptedPeer peer;
  acknowledge_settings(peer);
  std::size_t sent = 0;
  field_list request = post();
  for (int field = 0; field < 90; ++field) request.emplace_back("x-a", std::string(130, 'v'));
  for (stream_id id = 1; id < 200; id += 2) {
    byte_vector block;
    peer.encoder.encode(made_of(request), block);
    sent += block.size() + kFrameHeaderBytes;
    peer.frame(FrameType::headers, frame_flag::kEndHeaders, id, block);
  }
  EXPECT_FALSE(peer.tested.is_over());
  EXPECT_GE(peer.tested.counts().refused_for_memory, 1U);
  EXPECT_LE(peer.tested.memory(), std::size_t{1} << 20U) << peer.tested.streams() << " streams, about " << sent << " bytes came";
}

TEST(SessionLimits, a_flood_of_goaways_ends_the_connection) {
  ScriptedPeer peer;
  const byte_vector payload(8);
  int times = 0;
  for (; times < 20'000 && !peer.tested.is_over(); ++times) peer.frame(FrameType::goaway, 0, 0, payload);
  EXPECT_TRUE(peer.tested.is_over()) << times << " taken";
}

TEST(SessionLimits, a_flood_of_answers_that_nobody_asked_for_ends_the_connection) {
  for (const FrameType type : {FrameType::ping, FrameType::settings}) {
    ScriptedPeer peer;
    const byte_vector payload(type == FrameType::ping ? 8U : 0U);
    for (int times = 0; times < 20'000 && !peer.tested.is_over(); ++times) peer.frame(type, frame_flag::kAck, 0, payload);
    EXPECT_EQ(peer.goaway(), errc::enhance_your_calm);
  }
}

}  // namespace
}  // namespace uncork::http2
