// Floods and slow peers: each is bounded, and an honest peer that does much is not taken for one.

#include <gmock/gmock.h>

#include <functional>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kMostHeld = 1U << 20U;  // by one hostile connection
constexpr int kMany = 20'000;

/// Sends something again and again until the session has had enough; how often it went well.
int flood(ScriptedPeer& peer, const std::function<void(int)>& once) {
  std::size_t most = 0;
  int times = 0;
  for (; times < kMany && !peer.tested.is_over(); ++times) {
    once(times);
    most = std::max(most, peer.tested.memory());
    // The peer reads nothing until its output is full; then a driver would read nothing of it either.
    if (!peer.tested.wants_read()) peer.frames();
  }
  EXPECT_LE(most, kMostHeld);
  return times;
}

class Flood : public ::testing::Test {
 protected:
  stream_id next_id() { return std::exchange(id_, id_ + 2); }
  /// The peer floods, and is told to calm down before kMany.
  void expect_calm(const std::function<void(int)>& once) {
    const int times = flood(peer_, once);
    EXPECT_LT(times, kMany);
    EXPECT_EQ(ended(), errc::enhance_your_calm);
  }
  errc ended() {
    const auto events = peer_.events(Event::kind::ended);
    return events.empty() ? errc::no_error : events.front().code;
  }
  void answer(stream_id id) {
    peer_.tested.submit_headers(id, ok(), true);
    peer_.tested.release(id);
  }

  ScriptedPeer peer_;

 private:
  stream_id id_ = 1;
};

TEST_F(Flood, of_requests_that_are_reset_at_once) {
  expect_calm([&](int) {
    const stream_id id = next_id();
    peer_.headers(id, get());
    peer_.rst(id);
    peer_.tested.release(id);
  });
}

TEST_F(Flood, of_requests_that_are_reset_while_their_handlers_work) {
  std::size_t working = 0;
  expect_calm([&](int) {
    const stream_id id = next_id();
    peer_.headers(id, get());
    peer_.rst(id);
    working = std::max(working, peer_.tested.streams());
  });
  EXPECT_EQ(working, 100U);  // SETTINGS_MAX_CONCURRENT_STREAMS, whatever was reset
}

TEST_F(Flood, of_settings) {
  expect_calm([&](int) { peer_.settings({}); });
}
TEST_F(Flood, of_pings) {
  expect_calm([&](int) { peer_.frame(FrameType::ping, 0, 0, as_bytes("12345678")); });
}
TEST_F(Flood, of_priorities) {
  expect_calm([&](int) { peer_.frame(FrameType::priority, 0, 1, hex("00000000 00")); });
}
TEST_F(Flood, of_priority_updates) {
  expect_calm([&](int) { peer_.frame(FrameType::priority_update, 0, 0, hex("00000001")); });
}
TEST_F(Flood, of_unknown_frames) {
  expect_calm([&](int) { peer_.frame(static_cast<FrameType>(0x77), 0, 0); });
}
TEST_F(Flood, of_window_updates) {
  expect_calm([&](int) { peer_.window_update(0, 1); });
}
TEST_F(Flood, of_empty_data) {
  peer_.headers(1, post(), false);
  expect_calm([&](int) { peer_.data(1, ""); });
}
TEST_F(Flood, of_padding_alone) {
  peer_.headers(1, post(), false);
  expect_calm([&](int) { peer_.frame(FrameType::data, frame_flag::kPadded, 1, hex("02 0000")); });
}
TEST_F(Flood, of_empty_continuations) {
  peer_.frame(FrameType::headers, 0, 1, hex("82"));
  expect_calm([&](int) { peer_.frame(FrameType::continuation, 0, 1); });
}
TEST_F(Flood, of_long_continuations) {
  const byte_vector part(16'000);
  peer_.frame(FrameType::headers, 0, 1, hex("82"));
  expect_calm([&](int) { peer_.frame(FrameType::continuation, 0, 1, part); });
}
TEST_F(Flood, of_streams_beyond_those_allowed) {
  expect_calm([&](int) { peer_.headers(next_id(), get()); });
  EXPECT_GE(peer_.tested.counts().refused_streams, 1000U);
}

// MadeYouReset (CVE-2025-8671): the server is made to reset, while its handler works on.
class MadeYouReset : public Flood,
                     public ::testing::WithParamInterface<std::pair<const char*, std::function<void(ScriptedPeer&, stream_id)>>> {
};

TEST_P(MadeYouReset, is_bounded) {
  std::size_t working = 0;
  const auto& trigger = GetParam().second;
  expect_calm([&](int) {
    const stream_id id = next_id();
    peer_.headers(id, get());
    if (peer_.tested.is_over()) return;
    trigger(peer_, id);
    working = std::max(working, peer_.tested.streams());
  });
  EXPECT_LE(working, 100U);
}

INSTANTIATE_TEST_SUITE_P(
    By, MadeYouReset,
    ::testing::Values(
        std::pair{"a_window_update_of_0", [](ScriptedPeer& peer, stream_id id) { peer.window_update(id, 0); }},
        std::pair{"a_window_beyond_31_bits", [](ScriptedPeer& peer, stream_id id) { peer.window_update(id, kMostWindow); }},
        std::pair{"a_priority_of_a_wrong_length",
                  [](ScriptedPeer& peer, stream_id id) {
                    if (peer.tested.counts().refused_streams == 0) peer.frame(FrameType::priority, 0, id, hex("00"));
                  }},
        std::pair{"a_priority_on_itself",
                  [](ScriptedPeer& peer, stream_id id) {
                    byte_vector payload;
                    put_rst_stream(id, errc::no_error, payload);  // its stream field and code are 8 bytes
                    const byte_vector itself = {payload[5], payload[6], payload[7], payload[8], std::byte{0}};
                    if (peer.tested.counts().refused_streams == 0) peer.frame(FrameType::priority, 0, id, itself);
                  }},
        std::pair{"headers_after_the_end", [](ScriptedPeer& peer, stream_id id) { peer.headers(id, {{"a", "b"}}); }},
        std::pair{"data_after_the_end", [](ScriptedPeer& peer, stream_id id) { peer.data(id, "x"); }}),
    [](const auto& one) { return std::string(one.param.first); });

// The HTTP/2 Bomb (CVE-2026-49975): a few bytes become many fields.
TEST_F(Flood, of_references_to_one_field) {
  byte_vector block;
  peer_.encoder.encode(made_of({{"a", ""}}), block);
  peer_.frame(FrameType::headers, 5, next_id(), block);
  byte_vector bomb(16'000, std::byte{0xBE});
  int answered = 0;
  const int times = flood(peer_, [&](int) {
    peer_.frame(FrameType::headers, 5, next_id(), bomb);
    for (const auto& one : peer_.frames(FrameType::headers)) answered += one.payload.empty() ? 0 : 1;
  });
  EXPECT_LT(times, kMany);
  EXPECT_THAT(peer_.events(Event::kind::message), IsEmpty());
  EXPECT_GE(answered, 1000);  // 431
}

TEST_F(Flood, of_cookie_crumbs) {
  for (const std::size_t size : {0U, 3000U}) {
    ScriptedPeer peer;
    field_list request = get();
    for (int i = 0; i < 2000; ++i) request.emplace_back("cookie", std::string(size, 'c'));
    byte_vector block;
    peer.encoder.encode(made_of(request), block);
    peer.frame(FrameType::headers, 5, 1, block);
    EXPECT_THAT(peer.events(Event::kind::message), IsEmpty());
    EXPECT_EQ(peer.tested.counts().too_large, 1U);
    EXPECT_LE(peer.tested.memory(), kMostHeld);
    const auto answer = peer.frames(FrameType::headers);
    ASSERT_THAT(answer, SizeIs(1));
    EXPECT_EQ(peer.lines(answer[0]).at(0), ":status: 431");
  }
}

TEST_F(Flood, of_bodies_that_the_peer_does_not_take) {
  peer_.frame(FrameType::settings, frame_flag::kAck, 0);
  peer_.set(Setting::initial_window_size, 0);
  const byte_vector body(1U << 20U);
  for (int i = 0; i < 100; ++i) {
    const stream_id id = next_id();
    peer_.headers(id, get());
    peer_.tested.submit_headers(id, ok(), false);
    static_cast<void>(peer_.tested.submit_data(id, body, true));
  }
  peer_.frames();
  EXPECT_LE(peer_.tested.memory(), kMostHeld);
  // One byte a second keeps nobody alive.
  int alive = 0;
  for (int i = 0; i < 100 && peer_.tested.counts().stalled == 0; ++i, ++alive) {
    for (stream_id id = 1; id < 200; id += 2) peer_.window_update(id, 1);
    peer_.pass(seconds(1));
    peer_.frames();
  }
  EXPECT_GE(alive, 29);
  EXPECT_LE(alive, 32);
  EXPECT_THAT(peer_.events(Event::kind::reset), SizeIs(100));
}

TEST(HonestPeer, takes_a_large_body_by_small_windows) {
  ScriptedPeer peer;
  peer.frame(FrameType::settings, frame_flag::kAck, 0);
  peer.set(Setting::initial_window_size, 1000);
  peer.headers(1, get());
  peer.tested.submit_headers(1, ok(), false);
  const byte_vector body(60'000);
  static_cast<void>(peer.tested.submit_data(1, body, true));
  for (int i = 0; i < 100; ++i) {
    peer.frames();
    peer.window_update(1, 600);
    peer.pass(seconds(1));
  }
  EXPECT_EQ(peer.tested.counts().stalled, 0U);
  EXPECT_FALSE(peer.tested.is_over());
  EXPECT_EQ(peer.tested.counts().body_bytes_sent, 60'000U);
}

TEST(HonestPeer, cancels_a_thousand_calls_a_second) {
  ScriptedPeer peer;
  stream_id id = 1;
  for (int i = 0; i < 60'000; ++i, id += 2) {
    peer.headers(id, post(), false);
    peer.rst(id);
    peer.tested.release(id);
    peer.now += milliseconds(1);
    if (i % 100 == 0) peer.frames();
  }
  EXPECT_FALSE(peer.tested.is_over());
}

TEST(HonestPeer, gives_a_window_back_for_every_frame_of_a_large_download) {
  ScriptedPeer peer;
  peer.headers(1, get());
  peer.tested.submit_headers(1, ok(), false);
  const byte_vector part(16'384);
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_EQ(peer.tested.submit_data(1, part, false), part.size()) << i;
    for (const auto& one : peer.frames(FrameType::data)) {
      peer.window_update(0, one.header.length);
      peer.window_update(1, one.header.length);
    }
  }
  EXPECT_FALSE(peer.tested.is_over());
}

TEST(SessionTime, ends_connections_that_say_nothing) {
  const limits defaults;
  const time_point begun{};
  Session silent(Side::server, {}, begun);
  EXPECT_EQ(silent.deadline(), begun + defaults.preface_timeout);
  silent.on_time(begun + defaults.preface_timeout - milliseconds(1));
  EXPECT_FALSE(silent.is_over());
  silent.on_time(begun + defaults.preface_timeout);
  EXPECT_TRUE(silent.is_over());
  ScriptedPeer unconfirmed;
  unconfirmed.pass(defaults.settings_timeout);
  EXPECT_EQ(unconfirmed.goaway(), errc::settings_timeout);
  ScriptedPeer idle;
  idle.frame(FrameType::settings, frame_flag::kAck, 0);
  idle.pass(defaults.idle_timeout);
  EXPECT_EQ(idle.goaway(), errc::no_error);
  ScriptedPeer half;
  half.frame(FrameType::settings, frame_flag::kAck, 0);
  half.frame(FrameType::headers, 0, 1, hex("82"));
  half.pass(defaults.block_timeout);
  EXPECT_EQ(half.goaway(), errc::enhance_your_calm);
}

TEST(SessionTime, resets_an_upload_that_rests_but_no_stream_of_unknown_length) {
  ScriptedPeer peer;
  peer.frame(FrameType::settings, frame_flag::kAck, 0);
  field_list upload = post();
  upload.emplace_back("content-length", "100000");
  peer.headers(1, upload, false);
  peer.headers(3, post(), false);
  peer.frames();
  for (int i = 0; i < 40; ++i) peer.pass(seconds(1));
  EXPECT_EQ(peer.reset_of(1), errc::cancel);
  EXPECT_EQ(peer.tested.counts().stalled, 1U);
}

TEST(SessionMemory, of_a_connection_that_rests_is_small) {
  ScriptedPeer peer;
  peer.frame(FrameType::settings, frame_flag::kAck, 0);
  for (stream_id id = 1; id < 400; id += 2) {
    peer.headers(id, get("/some/path/" + std::to_string(id)));
    peer.tested.submit_headers(id, made_of({{":status", "200"}, {"server", "uncork"}, {"content-type", "text/plain"}}), false);
    static_cast<void>(peer.tested.submit_data(id, as_bytes(std::string(2000, 'x')), true));
    peer.tested.release(id);
    if (id % 40 == 1) peer.window_update(0, 100'000);
  }
  peer.frames();
  peer.pass(seconds(1));
  peer.pass(seconds(1));
  EXPECT_LE(peer.tested.memory(), 8192U);
  EXPECT_EQ(peer.tested.streams(), 0U);
}

}  // namespace
}  // namespace uncork::http2
