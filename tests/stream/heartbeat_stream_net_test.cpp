// heartbeat_stream over loopback: the bytes on the wire, what a peer may do to it, who is given up and who is not.

#include "uncork/stream/heartbeat_stream.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/stream/faulty_socket.hpp"
#include "tests/stream/heartbeat_pair.hpp"

namespace uncork::stream {
namespace {

using namespace uncork::stream::testing;

// ---- the wire --------------------------------------------------------------------------------------------------------

TEST(HeartbeatStream, a_frame_is_its_header_and_its_payload_on_the_wire) {
  BarePeer pair;
  const std::string payload(100'000, 'x');
  EXPECT_FALSE(write_frame(pair.context, pair.stream, 23, "hello"));
  EXPECT_FALSE(write_frame(pair.context, pair.stream, 65535, ""));
  const std::string expected = wire(23, "hello") + wire(65535, "") + wire(1, payload);
  std::optional<error_code> written;
  pair.stream.async_write_frame(frame_type{1}, asio::buffer(payload), [&](error_code error) { written = error; });
  EXPECT_EQ(read_bytes(pair.context, pair.peer, expected.size()), expected);
  run_until(pair.context, [&] { return written.has_value(); });
  EXPECT_EQ(pair.stream.stats().frames_sent, 3U);
}

TEST(HeartbeatStream, frames_of_several_buffers_and_several_calls_go_in_order) {
  BarePeer pair;
  const std::string head = "head ";
  const std::string tail = "tail";
  const std::vector<asio::const_buffer> both = {asio::buffer(head), asio::const_buffer(), asio::buffer(tail)};
  int written = 0;
  const auto count = [&](error_code error) { written += error ? 100 : 1; };
  for (std::uint16_t i = 0; i < 5; ++i) pair.stream.async_write_frame(frame_type{i}, both, count);
  std::string expected;
  for (std::uint16_t i = 0; i < 5; ++i) expected += wire(i, "head tail");
  EXPECT_EQ(read_bytes(pair.context, pair.peer, expected.size()), expected);
  run_until(pair.context, [&] { return written == 5; });
}

TEST(HeartbeatStream, an_idle_stream_sends_a_heartbeat_each_interval) {
  heartbeat_options options;
  options.liveness.interval = 20ms;
  BarePeer pair(options);
  pair.stream.start();
  std::string expected;
  for (int i = 0; i < 5; ++i) expected += wire(frame_type::heartbeat);
  EXPECT_EQ(read_bytes(pair.context, pair.peer, expected.size()), expected);
  EXPECT_GE(pair.stream.stats().heartbeats_sent, 5U);
}

TEST(HeartbeatStream, a_byte_at_a_time_is_as_good_as_all_at_once) {
  BarePeer pair;
  pair.peer.set_option(tcp::no_delay(true));
  const std::string bytes = wire(7, "in pieces") + wire(frame_type::heartbeat) + wire(frame_type::stream_end);
  std::optional<Read> first;
  pair.stream.async_read_frame([&](error_code error, frame got) { first = Read{error, std::move(got)}; });
  for (const char byte : bytes) {
    send(pair.peer, {&byte, 1});
    run_for(pair.context, 1ms);
  }
  run_until(pair.context, [&] { return first.has_value(); });
  EXPECT_EQ(text_of(first->got), "in pieces");
  EXPECT_EQ(read_frame(pair.context, pair.stream).got.type, frame_type::stream_end);
  EXPECT_EQ(pair.stream.stats().heartbeats_received, 1U);
}

TEST(HeartbeatStream, a_frame_is_delivered_with_its_last_byte_though_nothing_follows) {
  BarePeer pair;
  send(pair.peer, wire(1, "alone"));
  const Read read = read_frame(pair.context, pair.stream);  // patience would end it
  EXPECT_FALSE(read.error);
  EXPECT_EQ(text_of(read.got), "alone");
}

TEST(HeartbeatStream, what_is_not_the_users_to_send_is_refused_and_nothing_is_sent) {
  heartbeat_options options;
  options.most_payload = 10;
  BarePeer pair(options);
  std::vector<error_code> errors;
  const auto keep = [&](error_code error) { errors.push_back(error); };
  for (const frame_type type : {frame_type::heartbeat, frame_type::shutdown, frame_type::stream_end, frame_type{1U << 20U}}) {
    pair.stream.async_write_frame(type, asio::const_buffer(), keep);
  }
  pair.stream.async_write_frame(frame_type{1}, asio::buffer(std::string_view("eleven byte")), keep);
  pair.stream.async_write_frame(frame_type{1}, asio::buffer(std::string_view("ten bytes.")), keep);
  EXPECT_EQ(read_bytes(pair.context, pair.peer, 18), wire(1, "ten bytes."));
  run_until(pair.context, [&] { return errors.size() == 6; });
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(errors[i], errc::reserved_type);
  EXPECT_EQ(errors[4], errc::frame_too_long);
  EXPECT_FALSE(errors[5]);
}

// ---- a peer that hands a frame over only when the next header has come, as zrepl does ---------------------------------

heartbeat_options for_zrepl() {
  heartbeat_options options;
  options.liveness.silence = std::chrono::hours(1);  // no other heartbeat comes in time
  options.heartbeat_behind_lone_frame = true;
  return options;
}

/// Reads as zrepl's frameconn does: the next header, then gives the frame before it.
class ReadAhead {
 public:
  ReadAhead(asio::io_context& context, tcp::socket& socket) : context_(context), socket_(socket) {}

  std::string next() {
    std::string whole = header_.empty() ? read_header() : std::exchange(header_, {});
    while (whole == wire(frame_type::heartbeat)) whole = read_header();
    std::size_t size = 0;
    for (const char byte : whole.substr(4)) size = size << 8U | static_cast<unsigned char>(byte);
    if (size > 0) whole += read_bytes(context_, socket_, size);
    header_ = read_header();
    return whole;
  }

 private:
  std::string read_header() { return read_bytes(context_, socket_, kFrameHeaderSize); }

  asio::io_context& context_;
  tcp::socket& socket_;
  std::string header_;
};

TEST(HeartbeatStreamReadAhead, gets_each_lone_frame_at_once) {
  BarePeer pair(for_zrepl());
  ReadAhead reader(pair.context, pair.peer);
  for (int i = 0; i < 10; ++i) {
    const std::string text = "request " + std::to_string(i);
    EXPECT_FALSE(write_frame(pair.context, pair.stream, 7, text));
    EXPECT_EQ(reader.next(), wire(7, text));  // patience would end it
    send(pair.peer, wire(8, "answer"));
    EXPECT_EQ(text_of(read_frame(pair.context, pair.stream).got), "answer");
  }
  EXPECT_EQ(pair.stream.stats().frames_sent, 10U);
  EXPECT_EQ(pair.stream.stats().heartbeats_sent, 10U);
}

TEST(HeartbeatStreamReadAhead, frame_and_heartbeat_are_one_send_and_a_frame_that_another_follows_has_none) {
  FaultPlan plan;
  asio::io_context context;
  auto [mine, peer] = connected_sockets(context);
  heartbeat_stream<FaultySocket> stream(for_zrepl(), FaultySocket(std::move(mine), plan));
  const std::string text = "lone";
  EXPECT_FALSE(write_frame(context, stream, 1, text));
  EXPECT_EQ(plan.writes, 1);
  EXPECT_EQ(read_bytes(context, peer, 20), wire(1, text) + wire(frame_type::heartbeat));
  plan.refuses_writes = true;  // so that two wait
  int written = 0;
  for (std::uint16_t type = 2; type <= 3; ++type) {
    stream.async_write_frame(frame_type{type}, asio::buffer(text), [&](error_code) { ++written; });
  }
  plan.refuses_writes = false;
  run_until(context, [&] { return written == 2; });
  EXPECT_EQ(read_bytes(context, peer, 32), wire(2, text) + wire(3, text) + wire(frame_type::heartbeat));
  EXPECT_EQ(peer.available(), 0U);
}

TEST(HeartbeatStreamReadAhead, without_the_option_nothing_follows_a_lone_frame) {
  auto options = for_zrepl();
  options.heartbeat_behind_lone_frame = false;
  BarePeer pair(options);
  EXPECT_FALSE(write_frame(pair.context, pair.stream, 1, "lone"));
  run_for(pair.context, 20ms);
  EXPECT_EQ(pair.peer.available(), wire(1, "lone").size());
}

// ---- ends and faults -------------------------------------------------------------------------------------------------

TEST(HeartbeatStream, an_end_between_frames_is_eof_after_everything_that_came) {
  BarePeer pair;
  send(pair.peer, wire(1, "one") + wire(2, "two"));
  pair.peer.close();
  EXPECT_EQ(text_of(read_frame(pair.context, pair.stream).got), "one");
  EXPECT_EQ(text_of(read_frame(pair.context, pair.stream).got), "two");
  EXPECT_EQ(read_frame(pair.context, pair.stream).error, asio::error::eof);
  EXPECT_EQ(read_frame(pair.context, pair.stream).error, asio::error::eof);
}

TEST(HeartbeatStream, an_end_inside_a_frame_is_told_from_one_between_two) {
  for (const std::size_t bytes : {1U, 7U, 8U, 10U}) {
    BarePeer pair;
    send(pair.peer, wire(1, "whole") + wire(2, "half").substr(0, bytes));
    pair.peer.close();
    EXPECT_EQ(text_of(read_frame(pair.context, pair.stream).got), "whole");
    EXPECT_EQ(read_frame(pair.context, pair.stream).error, errc::frame_cut_short);
  }
}

TEST(HeartbeatStream, broken_framing_ends_both_directions_after_everything_good) {
  BarePeer pair;
  send(pair.peer, wire(1, "good") + wire(frame_type{1U << 20U}) + wire(1, "never"));
  run_for(pair.context, 10ms);
  EXPECT_EQ(text_of(read_frame(pair.context, pair.stream).got), "good");
  EXPECT_EQ(read_frame(pair.context, pair.stream).error, errc::unknown_frame);
  EXPECT_EQ(write_frame(pair.context, pair.stream, 1, "x"), errc::unknown_frame);
  EXPECT_EQ(shut_down(pair.context, pair.stream, 1s), errc::unknown_frame);
}

TEST(HeartbeatStream, a_peer_that_is_gone_ends_writes_and_what_it_had_sent_is_still_read) {
  BarePeer pair;
  pair.stream.start();
  send(pair.peer, wire(1, "last words"));
  pair.peer.close();
  error_code error;
  for (int i = 0; i < 1000 && !error; ++i) error = write_frame(pair.context, pair.stream, 1, "to nobody");
  EXPECT_TRUE(error);
  EXPECT_EQ(write_frame(pair.context, pair.stream, 1, "again"), error);
  EXPECT_EQ(text_of(read_frame(pair.context, pair.stream).got), "last words");
  EXPECT_TRUE(read_frame(pair.context, pair.stream).error);
}

TEST(HeartbeatStream, a_heartbeat_that_cannot_be_written_is_told_to_a_reader) {
  heartbeat_options options;
  options.liveness.interval = 20ms;
  BarePeer pair(options);
  pair.stream.start();
  pair.stream.next_layer().shutdown(tcp::socket::shutdown_send);  // so that the next write fails, and nothing else does
  EXPECT_EQ(read_frame(pair.context, pair.stream).error, asio::error::broken_pipe);
}

// ---- who is given up -------------------------------------------------------------------------------------------------

TEST(HeartbeatStream, a_silent_peer_is_given_up_for_readers_and_writers) {
  BarePeer pair(quick(300ms));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(read_frame(pair.context, pair.stream).error, errc::peer_silent);
  const auto took = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(took, 300ms);
  EXPECT_LE(took, 3s);  // a machine that is busy elsewhere for seconds; the point is that it ends
  EXPECT_EQ(write_frame(pair.context, pair.stream, 1, "x"), errc::peer_silent);
  EXPECT_EQ(pair.stream.stats().expired, liveness_clock::silence);
}

TEST(HeartbeatStream, a_silent_peer_is_given_up_although_small_writes_are_accepted) {
  BarePeer pair(quick(300ms));
  pair.stream.start();
  const auto begun = std::chrono::steady_clock::now();
  error_code error;
  while (!error && std::chrono::steady_clock::now() - begun < kPatience) {
    error = write_frame(pair.context, pair.stream, 1, "anybody there?");
    run_for(pair.context, 5ms);
  }
  EXPECT_EQ(error, errc::peer_silent);
}

TEST(HeartbeatStream, two_idle_streams_keep_each_other_alive) {
  StreamPair pair(quick(400ms));
  pair.one.start();
  pair.other.start();
  run_for(pair.context, 1500ms);
  EXPECT_FALSE(write_frame(pair.context, pair.one, 1, "still there"));
  EXPECT_EQ(text_of(read_frame(pair.context, pair.other).got), "still there");
  EXPECT_GE(pair.one.stats().heartbeats_received, 3U);
}

/// Writes one frame after the other for as long as the stream takes them.
struct Flood {
  heartbeat_stream<tcp::socket>& stream;
  std::string payload = std::string(1024, 'f');
  std::uint64_t written = 0;
  std::optional<error_code> end = {};

  void go() {
    stream.async_write_frame(frame_type{23}, asio::buffer(payload), [this](error_code error) {
      if (error) {
        end = error;
        return;
      }
      ++written;
      go();
    });
  }
};

TEST(HeartbeatStream, a_peer_that_heartbeats_without_reading_is_given_up_at_the_no_progress_limit) {
  BarePeer pair(quick(400ms, 1500ms));
  Flood flood{pair.stream};
  flood.go();
  while (!flood.end) {
    send(pair.peer, wire(frame_type::heartbeat));
    run_for(pair.context, 50ms);
  }
  EXPECT_EQ(*flood.end, errc::no_progress);
  EXPECT_EQ(pair.stream.stats().expired, liveness_clock::no_progress);
  EXPECT_GE(std::chrono::steady_clock::now() - pair.stream.stats().last_progress, 1500ms);
}

TEST(HeartbeatStream, a_peer_that_answers_data_but_reads_nothing_lives_under_ours_and_dies_under_the_rule_of_heartbeats) {
  for (const liveness_policy policy : {liveness_policy::any_frame, liveness_policy::heartbeat}) {
    auto options = quick(400ms);
    options.liveness.policy = policy;
    BarePeer pair(options);
    Flood flood{pair.stream};
    flood.go();
    for (int i = 0; i < 30 && !flood.end; ++i) {
      send(pair.peer, wire(5, "data"));
      run_for(pair.context, 50ms);
    }
    if (policy == liveness_policy::any_frame) {
      EXPECT_FALSE(flood.end);
    } else {
      ASSERT_TRUE(flood.end);
      EXPECT_EQ(*flood.end, errc::peer_silent);
      EXPECT_EQ(pair.stream.stats().expired, liveness_clock::writing);
    }
  }
}

TEST(HeartbeatStream, a_program_that_does_not_read_makes_no_peer_silent_and_loses_nothing) {
  auto options = quick(300ms);
  options.inbox_bound = 10'000;
  BarePeer pair(options);
  pair.stream.start();
  constexpr int kFrames = 200;
  for (int i = 0; i < kFrames; ++i) send(pair.peer, wire(static_cast<std::uint16_t>(i), std::string(1000, 'd')));
  run_for(pair.context, 900ms);  // three silence limits
  EXPECT_LT(pair.stream.stats().frames_received, 20U);
  for (int i = 0; i < kFrames; ++i) {
    const Read read = read_frame(pair.context, pair.stream);
    ASSERT_FALSE(read.error) << i << ": " << read.error.message();
    ASSERT_EQ(read.got.type, frame_type{static_cast<std::uint16_t>(i)});
  }
  EXPECT_EQ(read_frame(pair.context, pair.stream).error, errc::peer_silent);  // judged again
}

TEST(HeartbeatStream, a_process_that_stood_still_itself_does_not_blame_its_peer) {
  BarePeer pair(quick(300ms));
  std::optional<Read> read;
  pair.stream.async_read_frame([&](error_code error, frame got) { read = Read{error, std::move(got)}; });
  run_for(pair.context, 10ms);
  send(pair.peer, wire(frame_type::heartbeat));
  std::this_thread::sleep_for(600ms);  // no handler runs: the limit passes while the heartbeat lies in the kernel
  run_for(pair.context, 50ms);
  EXPECT_FALSE(read);
  EXPECT_EQ(pair.stream.stats().heartbeats_received, 1U);
}

// ---- shutdown --------------------------------------------------------------------------------------------------------

TEST(HeartbeatStreamShutdown, sends_what_is_queued_then_its_frame_then_the_end_and_drops_what_comes) {
  BarePeer pair;
  std::optional<error_code> written;
  std::optional<error_code> shut;
  std::optional<error_code> read;
  const std::string payload(300'000, 'q');
  pair.stream.async_read_frame([&](error_code error, const frame&) { read = error; });
  pair.stream.async_write_frame(frame_type{1}, asio::buffer(payload), [&](error_code error) { written = error; });
  pair.stream.async_shutdown(10s, [&](error_code error) { shut = error; });
  EXPECT_EQ(write_frame(pair.context, pair.stream, 1, "later"), errc::shut_down);
  EXPECT_EQ(read_frame(pair.context, pair.stream).error, errc::shut_down);
  EXPECT_EQ(shut_down(pair.context, pair.stream, 1s), errc::shut_down);
  send(pair.peer, wire(9, "nobody wants it") + "nor this");
  EXPECT_EQ(read_to_end(pair.context, pair.peer), wire(1, payload) + wire(frame_type::shutdown));
  EXPECT_EQ(written, error_code());
  EXPECT_EQ(read, errc::shut_down);
  EXPECT_FALSE(shut);  // it waits for the peer's end
  pair.peer.close();
  run_until(pair.context, [&] { return shut.has_value(); });
  EXPECT_FALSE(*shut) << shut->message();
  EXPECT_FALSE(pair.stream.next_layer().is_open());
}

TEST(HeartbeatStreamShutdown, the_peer_reads_everything_before_it_and_then_shuts_down_as_well) {
  StreamPair pair;
  EXPECT_FALSE(write_frame(pair.context, pair.one, 1, "last"));
  std::optional<error_code> shut;
  pair.one.async_shutdown(10s, [&](error_code error) { shut = error; });
  EXPECT_EQ(text_of(read_frame(pair.context, pair.other).got), "last");
  EXPECT_EQ(read_frame(pair.context, pair.other).error, errc::peer_shut_down);
  EXPECT_EQ(write_frame(pair.context, pair.other, 1, "too late"), errc::peer_shut_down);
  EXPECT_FALSE(shut_down(pair.context, pair.other, 10s));
  run_until(pair.context, [&] { return shut.has_value(); });
  EXPECT_FALSE(*shut) << shut->message();
}

TEST(HeartbeatStreamShutdown, of_both_ends_at_once_succeeds) {
  StreamPair pair;
  std::vector<error_code> ends;
  pair.one.async_shutdown(10s, [&](error_code error) { ends.push_back(error); });
  pair.other.async_shutdown(10s, [&](error_code error) { ends.push_back(error); });
  run_until(pair.context, [&] { return ends.size() == 2; });
  EXPECT_FALSE(ends[0]) << ends[0].message();
  EXPECT_FALSE(ends[1]) << ends[1].message();
}

TEST(HeartbeatStreamShutdown, of_a_peer_that_stays_ends_at_its_limit) {
  BarePeer pair;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(shut_down(pair.context, pair.stream, 200ms), asio::error::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 200ms);
  EXPECT_FALSE(pair.stream.next_layer().is_open());
}

TEST(HeartbeatStreamShutdown, with_frames_that_the_peer_does_not_take_ends_at_its_limit_and_tells_their_writers) {
  BarePeer pair;
  const std::string payload(500'000, 's');
  int failed = 0;
  for (int i = 0; i < 20; ++i) {
    pair.stream.async_write_frame(frame_type{1}, asio::buffer(payload),
                                  [&](error_code error) { failed += error == asio::error::timed_out ? 1 : 0; });
  }
  EXPECT_EQ(shut_down(pair.context, pair.stream, 200ms), asio::error::timed_out);
  run_for(pair.context, 10ms);
  EXPECT_GT(failed, 0);
}

TEST(HeartbeatStreamShutdown, is_not_hurried_by_the_silence_limit) {
  BarePeer pair(quick(100ms));
  std::optional<error_code> shut;
  pair.stream.async_shutdown(10s, [&](error_code error) { shut = error; });
  run_for(pair.context, 400ms);
  EXPECT_FALSE(shut);
  EXPECT_EQ(read_bytes(pair.context, pair.peer, kFrameHeaderSize), wire(frame_type::shutdown));
  pair.peer.close();
  run_until(pair.context, [&] { return shut.has_value(); });
  EXPECT_FALSE(*shut) << shut->message();
}

}  // namespace
}  // namespace uncork::stream
