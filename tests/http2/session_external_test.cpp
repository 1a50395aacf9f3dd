// Bodies that the session frames and somebody else sends, as a file by sendfile.

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <random>

#include "tests/http2/scripted_peer.hpp"

namespace uncork::http2 {
namespace {

using namespace testing;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

byte_vector numbered(std::size_t size) {
  byte_vector bytes;
  NumberedBody().give(size, bytes);
  return bytes;
}

std::vector<std::size_t> sizes_of(const std::vector<SeenFrame>& frames) {
  std::vector<std::size_t> sizes;
  for (const SeenFrame& one : frames) sizes.push_back(one.payload.size());
  return sizes;
}

byte_vector body_of(const std::vector<SeenFrame>& frames, stream_id stream) {
  byte_vector all;
  for (const SeenFrame& one : frames) {
    if (one.is(FrameType::data) && one.header.stream == stream) all.insert(all.end(), one.payload.begin(), one.payload.end());
  }
  return all;
}

class ExternalBody : public ::testing::Test {
 protected:
  ExternalBody() { peer_.frame(FrameType::settings, frame_flag::kAck, 0); }
  /// A request whose answer has begun.
  void ask(stream_id id) {
    peer_.headers(id, get());
    peer_.tested.submit_headers(id, ok(), false);
    peer_.frames();
  }
  std::weak_ptr<external_body> submit(stream_id id, std::uint64_t size) {
    const auto body = std::make_shared<NumberedBody>();
    peer_.tested.submit_external(id, size, body);
    return body;
  }
  ScriptedPeer peer_;
};

TEST_F(ExternalBody, leaves_in_frames_of_the_least_size_that_every_peer_takes) {
  ask(1);
  submit(1, 40'000);
  const auto frames = peer_.frames();
  EXPECT_THAT(sizes_of(frames), ElementsAre(16'384, 16'384, 7'232));
  EXPECT_EQ(body_of(frames, 1), numbered(40'000));
  EXPECT_FALSE(frames[1].header.has(frame_flag::kEndStream));
  EXPECT_TRUE(frames[2].header.has(frame_flag::kEndStream));
  EXPECT_EQ(peer_.tested.counts().body_bytes_sent, 40'000U);
}

TEST_F(ExternalBody, keeps_to_the_windows) {
  peer_.set(Setting::initial_window_size, 20'000);
  ask(1);
  submit(1, 50'000);
  EXPECT_THAT(sizes_of(peer_.frames()), ElementsAre(16'384, 3'616));
  peer_.window_update(1, 10);
  EXPECT_THAT(sizes_of(peer_.frames()), ElementsAre(10));
  peer_.window_update(1, 1'000'000);
  const auto rest = peer_.frames();
  EXPECT_THAT(sizes_of(rest), ElementsAre(16'384, 13'606));
  EXPECT_TRUE(rest.back().header.has(frame_flag::kEndStream));
}

TEST_F(ExternalBody, of_no_bytes_is_an_end) {
  ask(1);
  submit(1, 0);
  const auto frames = peer_.frames();
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_TRUE(frames[0].header.has(frame_flag::kEndStream));
  EXPECT_THAT(frames[0].payload, IsEmpty());
}

TEST_F(ExternalBody, is_the_whole_body) {
  ask(1);
  submit(1, 100);
  const byte_vector more = as_bytes("more");
  EXPECT_EQ(peer_.tested.submit_data(1, more, true), more.size());
  submit(1, 100);
  peer_.tested.submit_trailers(1, made_of({{"a", "b"}}));
  const auto frames = peer_.frames();
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(frames[0].payload, numbered(100));
}

TEST_F(ExternalBody, before_a_head_or_behind_an_end_is_nothing) {
  peer_.headers(1, get());
  peer_.frames();
  submit(1, 100);
  EXPECT_THAT(peer_.frames(), IsEmpty());
  peer_.tested.submit_headers(1, ok(), true);
  const auto late = submit(1, 100);
  EXPECT_THAT(peer_.frames(), SizeIs(1));
  EXPECT_TRUE(late.expired());
}

TEST_F(ExternalBody, is_held_until_its_last_byte_has_been_sent_and_its_owner_may_go_before) {
  ask(1);
  const auto body = submit(1, 30'000);
  peer_.tested.release(1);
  EXPECT_TRUE(peer_.send(9));
  EXPECT_TRUE(peer_.send(20'000));
  EXPECT_FALSE(body.expired());
  EXPECT_EQ(body_of(peer_.frames(), 1), numbered(30'000));
  EXPECT_TRUE(body.expired());
  EXPECT_EQ(peer_.tested.streams(), 0U);
}

TEST_F(ExternalBody, takes_turns_with_other_streams) {
  peer_.set(Setting::initial_window_size, 1'000'000);
  peer_.window_update(0, 1'000'000);
  auto incremental = get();
  incremental.emplace_back("priority", "i");
  for (const stream_id id : {1U, 3U}) {
    peer_.headers(id, incremental);
    peer_.tested.submit_headers(id, ok(), false);
  }
  peer_.frames();
  submit(1, 60'000);
  const byte_vector other = numbered(60'000);
  EXPECT_EQ(peer_.tested.submit_data(3, other, true), other.size());
  const auto frames = peer_.frames();
  std::vector<stream_id> order;
  for (const SeenFrame& one : frames) order.push_back(one.header.stream);
  EXPECT_THAT(order, ElementsAre(1, 3, 1, 3, 1, 3, 1, 3));
  EXPECT_EQ(body_of(frames, 1), other);
  EXPECT_EQ(body_of(frames, 3), other);
}

TEST_F(ExternalBody, that_is_reset_ends_with_the_frame_under_way) {
  ask(1);
  const auto body = submit(1, 60'000);
  EXPECT_TRUE(peer_.send(9));
  EXPECT_TRUE(peer_.send(100));
  peer_.rst(1);
  peer_.tested.release(1);
  const auto frames = peer_.frames();
  // All that fitted under the high water was framed when the first bytes were gathered.
  EXPECT_THAT(sizes_of(frames), ElementsAre(16'384, 16'384, 16'384, 10'848));
  EXPECT_EQ(body_of(frames, 1), numbered(60'000));
  EXPECT_TRUE(body.expired());
}

TEST_F(ExternalBody, stands_whole_before_a_GOAWAY) {
  ask(1);
  submit(1, 60'000);
  EXPECT_TRUE(peer_.send(9));
  EXPECT_TRUE(peer_.send(100));
  peer_.tested.terminate(errc::internal_error, "a test");
  const auto frames = peer_.frames();
  EXPECT_TRUE(frames.back().is(FrameType::goaway));
  EXPECT_EQ(frames[0].payload.size(), 16'384U);
}

TEST_F(ExternalBody, takes_no_memory_and_stops_at_the_high_water) {
  peer_.set(Setting::initial_window_size, 0x7fffffff);
  peer_.window_update(0, 0x7fffffff - kDefaultWindow);
  ask(1);
  const std::size_t before = peer_.tested.memory();
  submit(1, std::uint64_t{1} << 30U);
  static_cast<void>(peer_.tested.gather());
  EXPECT_LT(peer_.tested.memory(), before + 2'048);
  EXPECT_FALSE(peer_.tested.wants_read());
}

TEST_F(ExternalBody, whose_peer_opens_no_window_is_reset) {
  peer_.set(Setting::initial_window_size, 10);
  ask(1);
  const auto body = submit(1, 60'000);
  EXPECT_THAT(sizes_of(peer_.frames()), ElementsAre(10));
  for (int i = 0; i < 35; ++i) peer_.pass(seconds(1));
  EXPECT_EQ(peer_.reset_of(1), errc::cancel);
  EXPECT_EQ(peer_.tested.counts().stalled, 1U);
  EXPECT_TRUE(body.expired());
}

// What is sent in pieces of any size, with answers to PING in between, is the same bytes.
TEST(ExternalBodies, arrive_whole_however_they_are_sent) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::minstd_rand random(seed);
    const auto number = [&](unsigned below) { return static_cast<std::size_t>(random() % below); };
    ScriptedPeer peer;
    peer.set(Setting::initial_window_size, 1'000'000);
    peer.window_update(0, 10'000'000);
    std::map<stream_id, std::size_t> sizes;
    for (stream_id id = 1; id < 12; id += 2) {
      peer.headers(id, get());
      peer.tested.submit_headers(id, ok(), false);
      sizes[id] = 1 + number(100'000);
      if (number(2) == 0) {
        peer.tested.submit_external(id, sizes[id], std::make_shared<NumberedBody>());
      } else {
        sizes[id] = peer.tested.submit_data(id, numbered(sizes[id]), true);
      }
      if (number(2) == 0) peer.send(1 + number(30'000));
    }
    while (peer.send(1 + number(30'000))) {
      if (number(8) == 0) peer.frame(FrameType::ping, 0, 0, byte_vector(8));
    }
    const auto frames = peer.frames();
    for (const auto& [id, size] : sizes) {
      ASSERT_EQ(body_of(frames, id), numbered(size)) << "seed " << seed << ", stream " << id;
    }
    EXPECT_FALSE(peer.tested.is_over());
  }
}

}  // namespace
}  // namespace uncork::http2
