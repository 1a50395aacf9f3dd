// heartbeat_stream as an Asio object: completion tokens, cancellation, lifetimes, strands.

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>
#include <type_traits>

#include "tests/stream/faulty_socket.hpp"
#include "tests/stream/heartbeat_pair.hpp"

namespace uncork::stream {
namespace {

using namespace uncork::stream::testing;
using Stream = heartbeat_stream<tcp::socket>;

static_assert(std::is_same_v<Stream::executor_type, tcp::socket::executor_type>);
static_assert(std::is_move_constructible_v<Stream> && !std::is_copy_constructible_v<Stream>);

TEST(HeartbeatStreamTokens, futures) {
  StreamPair pair;
  const std::string text = "by future";
  auto written = pair.one.async_write_frame(frame_type{1}, asio::buffer(text), asio::use_future);
  auto read = pair.other.async_read_frame(asio::use_future);
  run_until(pair.context, [&] { return read.wait_for(0s) == std::future_status::ready; });
  EXPECT_NO_THROW(written.get());
  EXPECT_EQ(text_of(read.get()), text);
}

TEST(HeartbeatStreamTokens, deferred_begins_when_it_is_called) {
  StreamPair pair;
  const std::string text = "later";
  auto write = pair.one.async_write_frame(frame_type{1}, asio::buffer(text), asio::deferred);
  run_for(pair.context, 5ms);
  EXPECT_EQ(pair.one.stats().frames_sent, 0U);
  std::optional<error_code> written;
  std::move(write)([&](error_code error) { written = error; });
  EXPECT_EQ(text_of(read_frame(pair.context, pair.other).got), text);
  run_until(pair.context, [&] { return written.has_value(); });
}

asio::awaitable<void> echo(Stream& stream) {
  for (;;) {
    const frame got = co_await stream.async_read_frame(asio::use_awaitable);
    co_await stream.async_write_frame(got.type, asio::buffer(got.payload), asio::use_awaitable);
  }
}

asio::awaitable<int> ask(Stream& stream, int times) {
  int answered = 0;
  for (; answered < times; ++answered) {
    const std::string question = std::to_string(answered);
    co_await stream.async_write_frame(frame_type{2}, asio::buffer(question), asio::use_awaitable);
    const frame answer = co_await stream.async_read_frame(asio::use_awaitable);
    if (text_of(answer) != question) break;
  }
  co_await stream.async_shutdown(5s, asio::use_awaitable);
  co_return answered;
}

TEST(HeartbeatStreamTokens, coroutines_echo_and_end_in_order) {
  StreamPair pair;
  std::optional<error_code> served;
  asio::co_spawn(pair.context, echo(pair.other), [&](const std::exception_ptr& why) {
    try {
      std::rethrow_exception(why);
    } catch (const boost::system::system_error& error) {
      served = error.code();
    }
    Stream(std::move(pair.other));  // gone: its end lets the other's shutdown finish
  });
  auto asked = asio::co_spawn(pair.context, ask(pair.one, 200), asio::use_future);
  run_until(pair.context, [&] { return asked.wait_for(0s) == std::future_status::ready; });
  EXPECT_EQ(asked.get(), 200);
  EXPECT_EQ(served, errc::peer_shut_down);
}

TEST(HeartbeatStreamTokens, a_cancelled_read_loses_no_frame) {
  StreamPair pair;
  asio::cancellation_signal cancel;
  std::optional<error_code> first;
  pair.other.async_read_frame(
      asio::bind_cancellation_slot(cancel.slot(), [&](error_code error, const frame&) { first = error; }));
  run_for(pair.context, 5ms);
  cancel.emit(asio::cancellation_type::total);
  EXPECT_FALSE(write_frame(pair.context, pair.one, 1, "kept"));
  run_until(pair.context, [&] { return first.has_value(); });
  EXPECT_EQ(*first, asio::error::operation_aborted);
  EXPECT_EQ(text_of(read_frame(pair.context, pair.other).got), "kept");
}

TEST(HeartbeatStreamTokens, of_cancelled_writes_only_those_not_begun_are_taken_out) {
  BarePeer pair;
  constexpr int kMore = 20;  // more than the kernel takes unread
  const std::string large(500'000, 'l');
  const std::string small = "small";
  asio::cancellation_signal begun;
  asio::cancellation_signal waiting;
  std::vector<std::pair<char, error_code>> done;
  const auto write = [&](const std::string& text, auto token) {
    pair.stream.async_write_frame(frame_type{1}, asio::buffer(text), token);
  };
  write(large, asio::bind_cancellation_slot(begun.slot(), [&](error_code error) { done.emplace_back('b', error); }));
  for (int i = 0; i < kMore; ++i) write(large, [&](error_code error) { done.emplace_back('l', error); });
  write(small, asio::bind_cancellation_slot(waiting.slot(), [&](error_code error) { done.emplace_back('w', error); }));
  begun.emit(asio::cancellation_type::terminal);
  waiting.emit(asio::cancellation_type::terminal);
  std::string expected;
  for (int i = 0; i < 1 + kMore; ++i) expected += wire(1, large);
  std::string got(expected.size(), ' ');
  std::optional<error_code> read;
  asio::async_read(pair.peer, asio::buffer(got), [&](error_code error, std::size_t) { read = error; });
  run_until(pair.context, [&] { return read && done.size() == 2 + kMore; });
  EXPECT_TRUE(got == expected);
  EXPECT_EQ(done.front(), std::pair('w', error_code(asio::error::operation_aborted)));
  for (std::size_t i = 1; i < done.size(); ++i) EXPECT_FALSE(done[i].second);
  EXPECT_EQ(pair.peer.available(), 0U);
}

TEST(HeartbeatStreamTokens, a_write_after_one_that_was_taken_back_while_the_kernel_refused_it_goes_out) {
  FaultPlan plan;
  plan.refuses_writes = true;
  asio::io_context context;
  auto [mine, peer] = connected_sockets(context);
  heartbeat_stream<FaultySocket> stream(FaultySocket(std::move(mine), plan));
  asio::cancellation_signal cancel;
  std::optional<error_code> first;
  const std::string text = "taken back";
  stream.async_write_frame(frame_type{1}, asio::buffer(text),
                           asio::bind_cancellation_slot(cancel.slot(), [&](error_code error) { first = error; }));
  cancel.emit(asio::cancellation_type::terminal);
  plan.refuses_writes = false;
  run_until(context, [&] { return first.has_value(); });
  EXPECT_EQ(*first, asio::error::operation_aborted);
  EXPECT_FALSE(write_frame(context, stream, 2, "goes out"));
  EXPECT_EQ(read_bytes(context, peer, 16), wire(2, "goes out"));
}

TEST(HeartbeatStreamTokens, destroying_the_stream_ends_what_waits) {
  asio::io_context context;
  auto [mine, peer] = connected_sockets(context);
  std::optional<Stream> stream(std::in_place, std::move(mine));
  const std::string large(500'000, 'l');
  std::vector<error_code> ends;
  stream->async_read_frame([&](error_code error, const frame&) { ends.push_back(error); });
  for (int i = 0; i < 20; ++i) {
    stream->async_write_frame(frame_type{1}, asio::buffer(large), [&](error_code error) { ends.push_back(error); });
  }
  stream->async_shutdown(10s, [&](error_code error) { ends.push_back(error); });
  stream.reset();
  context.run();  // returns: nothing of the stream's own is left
  ASSERT_EQ(ends.size(), 22U);
  EXPECT_EQ(ends.back(), asio::error::operation_aborted);
}

asio::awaitable<void> own_and_wait(Stream stream) { co_await stream.async_read_frame(asio::use_awaitable); }

asio::awaitable<void> own_and_write(Stream stream, std::string text) {
  for (;;) co_await stream.async_write_frame(frame_type{1}, asio::buffer(text), asio::use_awaitable);
}

TEST(HeartbeatStreamTokens, a_context_that_ends_early_frees_coroutines_that_own_their_stream) {  // the leak checker looks on
  asio::io_context context;
  auto [one, other] = connected_sockets(context);
  asio::co_spawn(context, own_and_wait(Stream(std::move(one))), asio::detached);
  auto [third, fourth] = connected_sockets(context);
  asio::co_spawn(context, own_and_write(Stream(std::move(third)), std::string(100'000, 'w')), asio::detached);
  run_for(context, 20ms);
}

// ---- several threads, a strand each ----------------------------------------------------------------------------------

using Strand = asio::strand<asio::io_context::executor_type>;
using StrandSocket = asio::basic_stream_socket<tcp, Strand>;
using StrandStream = heartbeat_stream<StrandSocket>;

asio::awaitable<void> count_down(StrandStream& stream, int from, std::atomic<int>& ended) {
  for (int left = from; left > 0; --left) {
    const std::string text(static_cast<std::size_t>(left), 'c');
    co_await stream.async_write_frame(frame_type{3}, asio::buffer(text), asio::use_awaitable);
    const frame got = co_await stream.async_read_frame(asio::use_awaitable);
    if (got.payload.size() != text.size()) throw std::runtime_error("another size");
  }
  ++ended;
}

TEST(HeartbeatStreamTokens, streams_on_strands_run_in_several_threads) {
  asio::io_context context;
  std::vector<std::unique_ptr<StrandStream>> streams;
  heartbeat_options options;
  options.liveness.interval = 1ms;
  for (int pair = 0; pair < 4; ++pair) {
    auto [one, other] = connected_sockets(context);
    for (tcp::socket* socket : {&one, &other}) {
      streams.push_back(
          std::make_unique<StrandStream>(options, asio::make_strand(context.get_executor()), tcp::v4(), socket->release()));
    }
  }
  std::atomic<int> ended = 0;
  for (auto& stream : streams) asio::co_spawn(stream->get_executor(), count_down(*stream, 300, ended), asio::detached);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { context.run_for(kPatience); });
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (ended < 8 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(2ms);
  context.stop();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ended, 8);
}

}  // namespace
}  // namespace uncork::stream
