// A client's session with a scripted server, and one with a server's session.

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <map>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ClientSession, asks_and_tells_the_response) {
  ScriptedPeer server(Side::client);
  EXPECT_EQ(server.tested.open(made_of(get("/a")), true), 1U);
  const auto frames = server.frames(FrameType::headers);
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(server.lines(frames[0]).at(3), ":path: /a");
  server.headers(1, {{":status", "103"}, {"link", "</a.css>"}}, false);
  server.headers(1, {{":status", "200"}, {"content-length", "2"}}, false);
  server.data(1, "ok", true);
  const auto events = server.events();
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[0].what, Event::kind::interim);
  EXPECT_EQ(events[1].what, Event::kind::message);
  EXPECT_EQ(events[2].data, "ok");
  EXPECT_TRUE(events[2].end_stream);
  server.tested.release(1);
  EXPECT_EQ(server.tested.streams(), 0U);
}

TEST(ClientSession, tells_the_status_of_an_interim_response) {
  ScriptedPeer server(Side::client);
  static_cast<void>(server.tested.open(made_of(get()), true));
  byte_vector bytes(kFrameHeaderBytes);
  server.encoder.encode(made_of({{":status", "103"}}), bytes);
  finish_headers(1, false, 0, kLeastMaxFrameSize, bytes);
  ASSERT_EQ(server.tested.receive(bytes, server.now), bytes.size());
  const auto told = server.tested.next();
  ASSERT_TRUE(told);
  ASSERT_EQ(told->what, Event::kind::interim);
  EXPECT_EQ(told->facts->status, 103);
}

TEST(ClientSession, opens_no_more_streams_than_the_server_allows) {
  ScriptedPeer server(Side::client);
  server.set(Setting::max_concurrent_streams, 2);
  EXPECT_EQ(server.tested.openable(), 2U);
  EXPECT_EQ(server.tested.open(made_of(get()), true), 1U);
  EXPECT_EQ(server.tested.open(made_of(get()), true), 3U);
  EXPECT_EQ(server.tested.open(made_of(get()), true), 0U);
  server.headers(1, {{":status", "204"}});
  server.tested.release(1);
  EXPECT_EQ(server.tested.open(made_of(get()), true), 5U);
}

TEST(ClientSession, learns_from_goaway_what_may_be_sent_again) {
  ScriptedPeer server(Side::client);
  for (int i = 0; i < 3; ++i) static_cast<void>(server.tested.open(made_of(get()), true));
  server.frame(FrameType::goaway, 0, 0, hex("00000001 00000000"));
  const auto events = server.events();
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[0].what, Event::kind::goaway);
  EXPECT_EQ(events[1].code, errc::refused_stream);
  EXPECT_EQ(events[2].code, errc::refused_stream);
  EXPECT_EQ(server.tested.openable(), 0U);
  server.headers(1, {{":status", "200"}});
  EXPECT_THAT(server.events(Event::kind::message), SizeIs(1));
}

TEST(ClientSession, refuses_responses_that_are_malformed) {
  for (const field_list& response : std::vector<field_list>{{{"a", "b"}},
                                                            {{":status", "20"}},
                                                            {{":status", "101"}},
                                                            {{":status", "200"}, {":path", "/"}},
                                                            {{":status", "200"}, {"connection", "close"}},
                                                            {{":status", "100"}}}) {
    ScriptedPeer server(Side::client);
    const stream_id id = server.tested.open(made_of(get()), true);
    server.frames();
    server.headers(id, response);
    EXPECT_EQ(server.reset_of(id), errc::protocol_error);
    EXPECT_THAT(server.events(Event::kind::message), IsEmpty());
  }
}

TEST(ClientSession, takes_a_length_without_a_body_of_head_and_of_304) {
  ScriptedPeer server(Side::client);
  field_list head = get();
  head[0].second = "HEAD";
  const stream_id first = server.tested.open(made_of(head), true);
  const stream_id second = server.tested.open(made_of(get()), true);
  server.headers(first, {{":status", "200"}, {"content-length", "100"}});
  server.headers(second, {{":status", "304"}, {"content-length", "100"}});
  EXPECT_THAT(server.events(Event::kind::message), SizeIs(2));
}

TEST(ClientSession, takes_nothing_that_the_server_may_not_send) {
  for (const auto& [type, stream, payload] : std::vector<std::tuple<FrameType, stream_id, const char*>>{
           {FrameType::headers, 2, "88"}, {FrameType::headers, 7, "88"}, {FrameType::push_promise, 1, "00000002 82"}}) {
    ScriptedPeer server(Side::client);
    static_cast<void>(server.tested.open(made_of(get()), true));
    server.frame(type, 4, stream, hex(payload));
    EXPECT_EQ(server.goaway(), errc::protocol_error);
  }
}

/// Two sessions, and what is on its way between them.
struct Pair {
  static constexpr time_point kNow{};
  explicit Pair(const options& chosen) : client(Side::client, chosen, kNow), server(Side::server, chosen, kNow) {}

  template <typename OnEvent>
  std::size_t carry(Session& from, Session& to, std::size_t most, const OnEvent& on_event) {
    const byte_span out = from.gather();
    const byte_vector bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(std::min(most, out.size())));
    from.sent(bytes.size());
    for (byte_span rest = bytes; !rest.empty();) {
      rest = rest.subspan(to.receive(rest, kNow));
      while (const auto one = to.next()) on_event(*one);
    }
    return bytes.size();
  }

  Session client;
  Session server;
};

TEST(Sessions, carry_every_body_both_ways_whatever_the_windows_and_the_splits) {
  EXPECT_TRUE(rc::check([] {
    options chosen;
    chosen.stream_window = *rc::gen::inRange(1U, 100'000U);
    chosen.limits.stream_queue = *rc::gen::inRange<std::size_t>(1, 50'000);
    chosen.limits.session_queue = *rc::gen::inRange<std::size_t>(1, 100'000);
    Pair pair(chosen);
    const auto bodies = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, 60'000));
    std::map<stream_id, std::pair<std::size_t, bool>> to_send;  // what is left of each request
    std::map<stream_id, std::size_t> wanted;
    for (const std::size_t size : bodies) {
      const stream_id id = pair.client.open(made_of(post()), false);
      RC_ASSERT(id != 0);
      to_send[id] = {size, false};
      wanted[id] = size;
    }
    std::map<stream_id, std::size_t> echo;  // bytes that the server has read and not sent back yet
    std::map<stream_id, bool> ended;
    std::map<stream_id, std::size_t> back;
    std::size_t done = 0;
    const byte_vector zeros(60'000);
    for (int turn = 0; turn < 100'000 && done < bodies.size(); ++turn) {
      for (auto& [id, left] : to_send) {
        if (left.second) continue;
        left.first -= pair.client.submit_data(id, byte_span(zeros).first(left.first), true);
        left.second = left.first == 0;
      }
      pair.carry(pair.client, pair.server, *rc::gen::inRange<std::size_t>(1, 40'000), [&](const Event& one) {
        if (one.what == Event::kind::message) pair.server.submit_headers(one.stream, ok(), false);
        if (one.what == Event::kind::data) {
          echo[one.stream] += one.data.size();
          pair.server.consume(one.stream, one.data.size());
        }
        if (one.end_stream) ended[one.stream] = true;
      });
      for (auto& [id, left] : echo) left -= pair.server.submit_data(id, byte_span(zeros).first(left), false);
      std::erase_if(ended, [&](const auto& one) {
        if (echo[one.first] != 0) return false;
        static_cast<void>(pair.server.submit_data(one.first, {}, true));
        pair.server.release(one.first);
        return true;
      });
      pair.carry(pair.server, pair.client, *rc::gen::inRange<std::size_t>(1, 40'000), [&](const Event& one) {
        RC_ASSERT(one.what != Event::kind::reset);
        RC_ASSERT(one.what != Event::kind::ended);
        if (one.what == Event::kind::data) {
          back[one.stream] += one.data.size();
          pair.client.consume(one.stream, one.data.size());
        }
        if (one.end_stream) {
          ++done;
          pair.client.release(one.stream);
        }
      });
    }
    RC_ASSERT(done == bodies.size());
    for (const auto& [id, size] : wanted) RC_ASSERT(back[id] == size);
    RC_ASSERT(pair.client.streams() == 0U);
    RC_ASSERT(pair.server.streams() == 0U);
  }));
}

}  // namespace
}  // namespace uncork::http2
