// What one connection holds: bounded, earned, and counted truly.

#include <gmock/gmock.h>
#include <malloc.h>

#include <string>

#include "tests/core/sanitized.hpp"
#include "tests/http2/scripted_peer.hpp"

#ifdef UNCORK_SANITIZED
// Of sanitizer/allocator_interface.h, which g++ does not bring along.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace uncork::http2 {
namespace {

using namespace testing;
using std::chrono::milliseconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr stream_id kBehind = 201;  // the first id behind a hundred streams

void acknowledge_settings(ScriptedPeer& peer) { peer.frame(FrameType::settings, frame_flag::kAck, 0); }

/// Bytes that this process has from the allocator.
std::size_t allocated() {
#ifdef UNCORK_SANITIZED
  return __sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 all = mallinfo2();
  return all.uordblks + all.hblkhd;
#endif
}

/// A field of almost the whole table, and a request that has it four times by one byte each (CVE-2026-49975).
class Bomb : public ::testing::Test {
 protected:
  Bomb() {
    acknowledge_settings(peer_);
    request_ = get();
    for (int i = 0; i < 4; ++i) request_.emplace_back("x-bomb", std::string(3900, 'b'));
  }
  void send(stream_id id) { peer_.headers(id, request_); }

  ScriptedPeer peer_;
  field_list request_;
};

TEST_F(Bomb, spread_over_all_streams_holds_what_is_free_and_eight_times_what_was_sent) {
  const limits most;
  const std::size_t before = peer_.tested.memory();
  for (stream_id id = 1; id < kBehind; id += 2) {
    send(id);
    const std::size_t sent = peer_.tested.counts().bytes_received;
    // Tables, and what a stream takes that has no fields, which the concurrency bounds.
    const std::size_t beside = 64UL * 1024 + peer_.tested.streams() * 1024;
    ASSERT_LE(peer_.tested.memory(), before + beside + most.fields_free + most.fields_growth * sent) << id;
  }
  EXPECT_LT(peer_.tested.counts().bytes_received, 10'000U);
  EXPECT_LT(peer_.tested.memory(), 500'000U);
  EXPECT_FALSE(peer_.tested.is_over());
  EXPECT_GE(peer_.tested.counts().refused_for_memory, 50U);
  EXPECT_EQ(peer_.reset_of(kBehind - 2), errc::refused_stream);  // which may be tried again
}

TEST_F(Bomb, again_and_again_ends_the_connection) {
  stream_id id = 1;
  for (; id < 40'000 && !peer_.tested.is_over(); id += 2) {
    send(id);
    if (!peer_.tested.wants_read()) peer_.frames();
    ASSERT_LE(peer_.tested.memory(), limits().memory);
  }
  EXPECT_EQ(peer_.tested.counts().calmed, 1U);
}

TEST_F(Bomb, leaves_nothing_behind_when_its_streams_are_done) {
  for (stream_id id = 1; id < kBehind; id += 2) send(id);
  for (stream_id id = 3; id < kBehind; id += 2) peer_.tested.release(id);
  peer_.frames();
  EXPECT_LT(peer_.tested.memory(), 200'000U);  // the first stream lives: nothing is tidied
  send(kBehind);
  EXPECT_THAT(peer_.events(Event::kind::message), ::testing::Not(IsEmpty()));
}

TEST_F(Bomb, of_trailers_resets_their_streams) {
  for (stream_id id = 1; id < kBehind; id += 2) peer_.headers(id, post(), false);
  field_list trailers;
  for (int i = 0; i < 4; ++i) trailers.emplace_back("x-bomb", std::string(3900, 'b'));
  peer_.frames();
  for (stream_id id = 1; id < kBehind; id += 2) peer_.headers(id, trailers);
  EXPECT_LT(peer_.tested.memory(), 600'000U);
  EXPECT_EQ(peer_.reset_of(kBehind - 2), errc::enhance_your_calm);
}

TEST(HonestPeer, asks_for_a_hundred_things_at_once_as_a_browser_does) {
  ScriptedPeer peer;
  acknowledge_settings(peer);
  for (stream_id id = 1; id < kBehind; id += 2) {
    field_list request = get("/assets/" + std::to_string(id) + ".js");
    for (int i = 0; i < 14; ++i) request.emplace_back("x-header-" + std::to_string(i), std::string(30, 'v'));
    request.emplace_back("user-agent", std::string(120, 'u'));
    request.emplace_back("cookie", std::string(400, 'c'));
    peer.headers(id, request);
  }
  EXPECT_LT(peer.tested.counts().bytes_received, 8'000U);
  EXPECT_THAT(peer.events(Event::kind::message), SizeIs(100));
  EXPECT_EQ(peer.tested.counts().refused_streams, 0U);
}

TEST(SessionMemory, is_what_the_allocator_says) {
  const std::size_t before = allocated();
  const auto peer = std::make_unique<ScriptedPeer>();
  acknowledge_settings(*peer);
  peer->set(Setting::initial_window_size, 0);
  const byte_vector body(20'000);
  for (stream_id id = 1; id < 60; id += 2) {
    field_list request = get();
    for (int i = 0; i < 40; ++i) request.emplace_back("x-field", std::string(200, static_cast<char>('a' + id % 26)));
    peer->headers(id, request);
    peer->tested.submit_headers(id, ok(), false);
    static_cast<void>(peer->tested.submit_data(id, body, true));
    peer->frames();
    peer->events();
  }
  const std::size_t held = peer->tested.memory() - sizeof(Session) + sizeof(ScriptedPeer);
  EXPECT_GT(peer->tested.memory(), 400'000U);
  // The peer has an encoder's and a decoder's tables, and small buffers of its own.
  EXPECT_NEAR(static_cast<double>(allocated() - before), static_cast<double>(held), 0.1 * static_cast<double>(held));
}

TEST(SessionMemory, of_queues_that_are_empty_is_given_back) {
  ScriptedPeer peer;
  acknowledge_settings(peer);
  peer.set(Setting::initial_window_size, 100'000);
  peer.window_update(0, 100'000'000);
  const byte_vector body(60'000);
  for (stream_id id = 1; id < kBehind; id += 2) {
    peer.headers(id, get());
    peer.tested.submit_headers(id, ok(), false);
    static_cast<void>(peer.tested.submit_data(id, body, false));  // and more later, perhaps
    peer.frames();
  }
  EXPECT_LT(peer.tested.memory(), 500'000U);
}

// Handlers that hold the memory must be able to end.
TEST(SessionMemory, full_of_bodies_that_nobody_takes_stops_none_that_the_peer_reads) {
  ScriptedPeer peer;
  acknowledge_settings(peer);
  peer.set(Setting::initial_window_size, 0);
  peer.window_update(0, 100'000'000);
  const byte_vector body(300'000);
  for (stream_id id = 1; id < 40; id += 2) {
    peer.headers(id, get());
    peer.tested.submit_headers(id, ok(), false);
    static_cast<void>(peer.tested.submit_data(id, body, true));
  }
  peer.frames();
  EXPECT_LE(peer.tested.memory(), limits().memory / 4 * 3);
  constexpr stream_id kReader = 41;
  peer.headers(kReader, get());
  peer.window_update(kReader, 1'000'000);
  peer.events();
  peer.tested.submit_headers(kReader, ok(), false);
  std::size_t taken = peer.tested.submit_data(kReader, body, true);
  std::size_t received = 0;
  for (int turn = 0; turn < 100 && taken < body.size(); ++turn) {
    for (const auto& one : peer.frames(FrameType::data)) received += one.payload.size();
    peer.pass(milliseconds(0));  // takes the last gather()'s events
    if (peer.events(Event::kind::room).empty()) continue;
    taken += peer.tested.submit_data(kReader, byte_span(body).subspan(taken), true);
  }
  for (const auto& one : peer.frames(FrameType::data)) received += one.payload.size();
  EXPECT_EQ(received, body.size());
}

TEST(SessionMemory, beyond_three_quarters_has_no_new_streams_until_some_have_ended) {
  options chosen;
  chosen.limits.memory = 128UL * 1024;
  ScriptedPeer peer(Side::server, chosen);
  acknowledge_settings(peer);
  field_list request = get();
  request.emplace_back("x-large", std::string(9'000, 'l'));  // not in the table
  stream_id id = 1;
  for (; id < 100 && peer.tested.counts().refused_streams == 0; id += 2) peer.headers(id, request);
  EXPECT_EQ(peer.tested.counts().refused_for_memory, 1U);
  EXPECT_LE(peer.tested.memory(), chosen.limits.memory);
  EXPECT_GE(id, 9U);
  for (stream_id done = 1; done < id; done += 2) peer.tested.release(done);
  peer.events();
  peer.headers(id, request);
  EXPECT_THAT(peer.events(Event::kind::message), SizeIs(1));
}

TEST(SessionMemory, has_no_place_for_a_frame_larger_than_what_is_left) {
  options chosen;
  chosen.limits.memory = 256UL * 1024;
  chosen.max_frame_size = 1U << 20U;
  ScriptedPeer peer(Side::server, chosen);
  byte_vector begun;
  put_frame_header({500'000, 0x55, 0, 0}, begun);
  begun.push_back(std::byte{0});
  peer.raw(begun);
  EXPECT_EQ(peer.goaway(), errc::enhance_your_calm);
}

}  // namespace
}  // namespace uncork::http2
