// A server's session with a peer that keeps the rules.

#include <gmock/gmock.h>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ServerSession, announces_its_settings_and_acknowledges_the_peers) {
  ScriptedPeer peer;
  const auto frames = peer.frames();
  ASSERT_GE(frames.size(), 3U);
  EXPECT_TRUE(frames[0].is(FrameType::settings));
  EXPECT_FALSE(frames[0].header.has(frame_flag::kAck));
  EXPECT_TRUE(frames[1].is(FrameType::window_update));
  EXPECT_TRUE(frames[2].is(FrameType::settings));
  EXPECT_TRUE(frames[2].header.has(frame_flag::kAck));
}

TEST(ServerSession, tells_a_request_and_sends_the_answer_at_once) {
  ScriptedPeer peer;
  peer.frames();
  peer.headers(1, get("/index.html"));
  EXPECT_THAT(peer.events(), ElementsAre(Told{Event::kind::message,
                                              1,
                                              true,
                                              errc::no_error,
                                              "",
                                              {":method: GET", ":scheme: http", ":authority: a", ":path: /index.html"}}));
  peer.tested.submit_headers(1, ok(), false);
  EXPECT_EQ(peer.tested.submit_data(1, as_bytes("hello"), true), 5U);
  peer.tested.release(1);
  const auto frames = peer.frames();
  ASSERT_THAT(frames, SizeIs(2));
  EXPECT_THAT(peer.lines(frames[0]), ElementsAre(":status: 200"));
  EXPECT_EQ(frames[1].payload, as_bytes("hello"));
  EXPECT_TRUE(frames[1].header.has(frame_flag::kEndStream));
  EXPECT_EQ(peer.tested.streams(), 0U);
}

TEST(ServerSession, reads_frames_at_every_split) {
  byte_vector bytes = as_bytes(kPreface);
  put_settings({}, bytes);
  HpackEncoder encoder;
  for (const stream_id id : {1U, 3U}) {
    const std::size_t begin = bytes.size();
    bytes.resize(begin + kFrameHeaderBytes);
    encoder.encode(made_of(post()), bytes);
    finish_headers(id, false, begin, kLeastMaxFrameSize, bytes);
    put_data(id, as_bytes("some body"), false, bytes);
    put_frame_header({7, static_cast<std::uint8_t>(FrameType::data), frame_flag::kPadded | frame_flag::kEndStream, id}, bytes);
    const auto padded = hex("03 616263 000000");
    bytes.insert(bytes.end(), padded.begin(), padded.end());
  }
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const time_point now{};
    Session tested(Side::server, {}, now);
    std::string bodies;
    int ends = 0;
    for (byte_span rest = bytes; !rest.empty();) {
      byte_span part = rest.first(std::min(piece, rest.size()));
      rest = rest.subspan(part.size());
      while (!part.empty()) {
        part = part.subspan(tested.receive(part, now));
        while (const auto one = tested.next()) {
          if (one->what == Event::kind::data) bodies.append(reinterpret_cast<const char*>(one->data.data()), one->data.size());
          ends += one->end_stream ? 1 : 0;
        }
      }
    }
    ASSERT_FALSE(tested.is_over()) << piece;
    ASSERT_EQ(bodies, "some bodyabcsome bodyabc") << piece;
    ASSERT_EQ(ends, 2) << piece;
  }
}

TEST(ServerSession, joins_a_block_from_its_continuations) {
  ScriptedPeer peer;
  byte_vector block;
  peer.encoder.encode(made_of(get("/a/long/path")), block);
  const byte_span all = block;
  peer.frame(FrameType::headers, frame_flag::kEndStream, 1, all.first(3));
  peer.frame(FrameType::continuation, 0, 1, all.subspan(3, 4));
  EXPECT_THAT(peer.events(), IsEmpty());
  peer.frame(FrameType::continuation, frame_flag::kEndHeaders, 1, all.subspan(7));
  EXPECT_THAT(peer.events(), SizeIs(1));
}

TEST(ServerSession, sends_trailers_behind_the_body_and_interim_answers_before_it) {
  ScriptedPeer peer;
  peer.headers(1, post(), false);
  peer.frames();
  peer.tested.submit_headers(1, made_of({{":status", "103"}}), false);
  peer.tested.submit_headers(1, ok(), false);
  EXPECT_EQ(peer.tested.submit_data(1, as_bytes("x"), false), 1U);
  peer.tested.submit_trailers(1, made_of({{"grpc-status", "0"}}));
  const auto frames = peer.frames();
  ASSERT_THAT(frames, SizeIs(4));
  EXPECT_THAT(peer.lines(frames[0]), ElementsAre(":status: 103"));
  EXPECT_THAT(peer.lines(frames[1]), ElementsAre(":status: 200"));
  EXPECT_THAT(peer.lines(frames[3]), ElementsAre("grpc-status: 0"));
  EXPECT_TRUE(frames[3].header.has(frame_flag::kEndStream));
}

TEST(ServerSession, tells_trailers_of_a_request) {
  ScriptedPeer peer;
  peer.headers(1, post(), false);
  peer.data(1, "abc");
  peer.headers(1, {{"checksum", "7"}});
  const auto events = peer.events();
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[1].data, "abc");
  EXPECT_EQ(events[2].what, Event::kind::trailers);
  EXPECT_THAT(events[2].lines, ElementsAre("checksum: 7"));
}

TEST(ServerSession, sends_no_more_than_the_windows_allow) {
  ScriptedPeer peer;
  peer.set(Setting::initial_window_size, 10);
  peer.headers(1, get());
  peer.frames();
  peer.tested.submit_headers(1, ok(), false);
  EXPECT_EQ(peer.tested.submit_data(1, as_bytes(std::string(25, 'x')), true), 25U);
  const auto first = peer.frames(FrameType::data);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].payload.size(), 10U);
  peer.window_update(1, 5);
  EXPECT_EQ(peer.frames(FrameType::data).at(0).payload.size(), 5U);
  peer.set(Setting::initial_window_size, 3);  // the window is -7 now
  EXPECT_THAT(peer.frames(FrameType::data), IsEmpty());
  peer.window_update(1, 7);
  EXPECT_THAT(peer.frames(FrameType::data), IsEmpty());
  peer.window_update(1, 100);
  const auto last = peer.frames(FrameType::data);
  ASSERT_THAT(last, SizeIs(1));
  EXPECT_EQ(last[0].payload.size(), 10U);
  EXPECT_TRUE(last[0].header.has(frame_flag::kEndStream));
}

TEST(ServerSession, takes_no_more_of_a_body_than_its_queue_holds_and_tells_when_there_is_room) {
  ScriptedPeer peer;
  peer.headers(1, get());
  peer.events();
  peer.tested.submit_headers(1, ok(), false);
  const byte_vector body(200'000);
  const std::size_t taken = peer.tested.submit_data(1, body, true);
  EXPECT_EQ(taken, options().limits.stream_queue);
  EXPECT_THAT(peer.frames(FrameType::data), SizeIs(4));  // 65,535 bytes: the window
  EXPECT_THAT(peer.events(Event::kind::room), SizeIs(1));
  EXPECT_EQ(peer.tested.submit_data(1, byte_span(body).first(1000), true), 1000U);
  peer.window_update(0, 100'000);
  peer.window_update(1, 100'000);
  std::size_t rest = 0;
  for (const auto& one : peer.frames(FrameType::data)) rest += one.payload.size();
  EXPECT_EQ(rest, taken + 1000 - 65535);
}

TEST(ServerSession, gives_windows_back_as_the_owner_consumes) {
  options chosen;
  chosen.stream_window = 100'000;
  ScriptedPeer peer(Side::server, chosen);
  peer.consumes = false;
  peer.headers(1, post(), false);
  peer.frames();
  for (int i = 0; i < 10; ++i) peer.data(1, std::string(6'000, 'x'));
  EXPECT_THAT(peer.frames(), IsEmpty());
  peer.tested.consume(1, 60'000);
  const auto frames = peer.frames();
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(frames[0].header.stream, 1U);
  EXPECT_EQ(load_big_endian(frames[0].payload), 60'000U);
}

TEST(ServerSession, answers_a_ping_before_bodies_that_wait) {
  ScriptedPeer peer;
  peer.headers(1, get());
  peer.frames();
  peer.tested.submit_headers(1, ok(), false);
  const byte_vector body(60'000);
  static_cast<void>(peer.tested.submit_data(1, body, true));
  peer.frame(FrameType::ping, 0, 0, as_bytes("12345678"));
  const auto frames = peer.frames();
  ASSERT_GE(frames.size(), 3U);
  EXPECT_TRUE(frames[0].is(FrameType::headers));
  EXPECT_TRUE(frames[1].is(FrameType::ping));
  EXPECT_EQ(frames[1].payload, as_bytes("12345678"));
  EXPECT_TRUE(frames[2].is(FrameType::data));
}

// What was handed out stays as it is, so that an answer to PING stands behind it: never behind more than this.
TEST(ServerSession, answers_a_ping_behind_a_full_output_at_most) {
  ScriptedPeer peer;
  peer.set(Setting::initial_window_size, 1'000'000);
  peer.window_update(0, 1'000'000);
  for (stream_id id = 1; id < 20; id += 2) {
    peer.headers(id, get());
    peer.tested.submit_headers(id, ok(), false);
    static_cast<void>(peer.tested.submit_data(id, byte_vector(60'000), true));
  }
  const byte_span handed_out = peer.tested.gather();  // and the socket takes nothing
  const byte_vector before(handed_out.begin(), handed_out.end());
  EXPECT_FALSE(peer.tested.wants_read());
  peer.frame(FrameType::ping, 0, 0, as_bytes("12345678"));
  const byte_span after = peer.tested.gather();
  ASSERT_GE(after.size(), before.size());
  EXPECT_TRUE(std::ranges::equal(before, after.first(before.size())));
  std::size_t ahead = 0;
  for (const auto& one : peer.frames()) {
    if (one.is(FrameType::ping)) break;
    ahead += kFrameHeaderBytes + one.payload.size();
  }
  EXPECT_LE(ahead, limits().output_high_water + kFrameHeaderBytes + kLeastMaxFrameSize);
}

TEST(ServerSession, serves_the_urgent_first_and_incremental_ones_by_turns) {
  ScriptedPeer peer;
  const auto ask = [&](stream_id id, std::string_view how) {
    field_list request = get();
    request.emplace_back("priority", how);
    peer.headers(id, request);
    peer.tested.submit_headers(id, ok(), false);
  };
  peer.set(Setting::initial_window_size, 0);
  ask(1, "u=5");
  ask(3, "u=1");
  ask(5, "u=3, i");
  ask(7, "u=3, i");
  const byte_vector body(20'000);
  for (const stream_id id : {1U, 3U, 5U, 7U}) static_cast<void>(peer.tested.submit_data(id, body, true));
  peer.frames();
  peer.window_update(0, 100'000);
  peer.set(Setting::initial_window_size, 100'000);
  std::vector<stream_id> order;
  for (const auto& one : peer.frames(FrameType::data)) order.push_back(one.header.stream);
  EXPECT_THAT(order, ElementsAre(3, 3, 5, 7, 5, 7, 1, 1));
}

TEST(ServerSession, takes_a_priority_update_before_its_stream_and_while_it_sends) {
  ScriptedPeer peer;
  const auto update = [&](stream_id id, std::string_view value) {
    byte_vector payload = hex("000000");
    payload.push_back(static_cast<std::byte>(id));
    const byte_vector text = as_bytes(value);
    payload.insert(payload.end(), text.begin(), text.end());
    peer.frame(FrameType::priority_update, 0, 0, payload);
  };
  update(3, "u=0");
  peer.set(Setting::initial_window_size, 0);
  const byte_vector body(1'000);
  for (const stream_id id : {1U, 3U, 5U}) {
    peer.headers(id, get());
    peer.tested.submit_headers(id, ok(), false);
    static_cast<void>(peer.tested.submit_data(id, body, true));
  }
  update(1, "u=7");
  peer.frames();
  peer.set(Setting::initial_window_size, 100'000);
  std::vector<stream_id> order;
  for (const auto& one : peer.frames(FrameType::data)) order.push_back(one.header.stream);
  EXPECT_THAT(order, ElementsAre(3, 5, 1));
}

TEST(ServerSession, ends_in_grace_when_its_last_stream_has_ended) {
  ScriptedPeer peer;
  peer.headers(1, get());
  peer.frames();
  peer.tested.shut_down();
  auto frames = peer.frames();
  ASSERT_THAT(frames, SizeIs(2));
  EXPECT_EQ(load_big_endian(byte_span(frames[0].payload).first(4)), kMostStreamId);
  peer.headers(3, get());  // on its way when the peer had not read that yet
  peer.frame(FrameType::ping, frame_flag::kAck, 0, frames[1].payload);
  frames = peer.frames();
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(load_big_endian(byte_span(frames[0].payload).first(4)), 3U);
  peer.headers(5, get());
  EXPECT_THAT(peer.frames(), IsEmpty());  // not processed, and the peer knows
  peer.events();
  for (const stream_id id : {1U, 3U}) {
    peer.tested.submit_headers(id, ok(), true);
    peer.tested.release(id);
  }
  EXPECT_TRUE(peer.tested.is_over());
  EXPECT_THAT(peer.frames(), SizeIs(2));
}

TEST(ServerSession, allows_extended_connect_only_where_it_was_announced) {
  const field_list websocket = {
      {":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", "/chat"}, {":authority", "a"}};
  ScriptedPeer plain;
  plain.headers(1, websocket, false);
  EXPECT_EQ(plain.reset_of(1), errc::protocol_error);
  options chosen;
  chosen.extended_connect = true;
  ScriptedPeer extended(Side::server, chosen);
  extended.headers(1, websocket, false);
  EXPECT_THAT(extended.events(Event::kind::message), SizeIs(1));
}

TEST(ServerSession, resets_what_its_owner_releases_before_the_end) {
  ScriptedPeer peer;
  peer.headers(1, post(), false);
  peer.headers(3, post(), false);
  peer.headers(5, get());
  peer.frames();
  peer.tested.submit_headers(1, ok(), true);
  for (const stream_id id : {1U, 3U, 5U}) peer.tested.release(id);
  std::vector<errc> codes;
  for (const auto& one : peer.frames(FrameType::rst_stream)) codes.push_back(one.code());
  EXPECT_THAT(codes, ElementsAre(errc::no_error, errc::cancel, errc::cancel));
  EXPECT_EQ(peer.tested.streams(), 0U);
}

TEST(ServerSession, judges_the_same_block_by_what_it_is_there_for) {
  ScriptedPeer peer;
  const byte_vector request = hex("8286 8401 0161");
  for (stream_id id = 1; id <= 9; id += 2) {
    peer.frame(FrameType::headers, 5, id, request);
    const auto told = peer.events(Event::kind::message);
    ASSERT_THAT(told, SizeIs(1));
    peer.tested.submit_headers(id, ok(), true);
    peer.tested.release(id);
  }
  peer.headers(11, post(), false);
  EXPECT_THAT(peer.events(Event::kind::message), SizeIs(1));
  peer.frame(FrameType::headers, 5, 11, request);  // as trailers it may not be
  EXPECT_EQ(peer.reset_of(11), errc::protocol_error);
  // A second path is one too many.
  for (stream_id id = 13; id <= 21; id += 2) {
    peer.frame(FrameType::headers, 5, id, hex("8286 8484"));
    EXPECT_EQ(peer.reset_of(id), errc::protocol_error);
  }
  EXPECT_EQ(peer.tested.counts().malformed, 6U);
}

TEST(ServerSession, lends_its_message_and_counts_it_until_the_stream_has_gone) {
  ScriptedPeer peer;
  field_list list = get();
  list.emplace_back("x", std::string(3000, 'x'));
  peer.headers(1, list);
  ASSERT_THAT(peer.events(Event::kind::message), SizeIs(1));
  const std::size_t before = peer.tested.memory();
  fields taken;
  peer.tested.take_message(1, taken);
  EXPECT_EQ(taken.find("x"), std::string(3000, 'x'));
  EXPECT_EQ(peer.tested.memory(), before);
  fields other;
  peer.tested.take_message(1, other);
  EXPECT_TRUE(other.empty());
  peer.tested.take_message(3, taken);  // no such stream
  EXPECT_EQ(taken.find("x"), std::string(3000, 'x'));
  peer.tested.submit_headers(1, ok(), true);
  peer.tested.release(1);
  EXPECT_LT(peer.tested.memory(), before);
}

}  // namespace
}  // namespace uncork::http2
