#include "uncork/stream/coalescing_stream.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/stream/scripted_layer.hpp"
#include "uncork/stream/error.hpp"

namespace uncork::stream {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using testing::Script;
using testing::ScriptedLayer;
using Stream = coalescing_stream<ScriptedLayer>;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

class CoalescingStream : public ::testing::Test {
 protected:
  /// Starts a write whose outcome lands in the result; nothing there: still waiting.
  std::shared_ptr<std::optional<error_code>> write(std::string text) {
    auto outcome = std::make_shared<std::optional<error_code>>();
    auto kept = std::make_shared<std::string>(std::move(text));
    stream->async_write(asio::buffer(*kept), [outcome, kept](error_code error, std::size_t) { *outcome = error; });
    return outcome;
  }
  std::shared_ptr<std::optional<error_code>> flush() {
    auto outcome = std::make_shared<std::optional<error_code>>();
    stream->async_flush([outcome](error_code error) { *outcome = error; });
    return outcome;
  }
  void run() {
    context.restart();
    context.run();
  }
  void poll() {
    context.restart();
    context.poll();
  }

  asio::io_context context;
  Script script;
  // A turn ends when its writers rest, however slow the machine is; the limit has tests of its own.
  std::optional<Stream> stream{std::in_place,
                               coalescing_options{.limits = {.high_water = 100, .low_water = 20, .gather_from = 50},
                                                  .turn_limit = std::chrono::seconds(100)},
                               context, script};
};

TEST_F(CoalescingStream, sends_what_one_turn_wrote_as_one) {
  for (const char* text : {"one ", "two ", "three"}) write(text);
  EXPECT_TRUE(script.sends.empty());
  run();
  EXPECT_EQ(script.taken, "one two three");
  EXPECT_EQ(script.sends.size(), 1U);
}

TEST_F(CoalescingStream, sends_a_lone_message_in_the_turn_that_wrote_it) {
  const auto outcome = write("lone");
  poll();
  EXPECT_EQ(script.taken, "lone");
  EXPECT_EQ(*outcome, error_code());
}

TEST_F(CoalescingStream, gathers_the_writes_of_a_coroutine_that_awaits_each) {
  const auto write_ten = [](Stream& to) -> asio::awaitable<void> {
    const std::string text = "message ";
    for (int i = 0; i < 10; ++i) co_await to.async_write(asio::buffer(text), asio::use_awaitable);
  };
  asio::co_spawn(context, write_ten(*stream), asio::detached);
  run();
  EXPECT_EQ(script.taken.size(), 80U);
  EXPECT_EQ(script.sends.size(), 1U);
}

constexpr coalescing_limits kRoomy{.high_water = 1 << 20, .low_water = 20, .gather_from = 50};

asio::awaitable<void> write_single_bytes(Stream& to, int count) {
  for (int i = 0; i < count; ++i) co_await to.async_write(asio::buffer("x", 1), asio::use_awaitable);
}

TEST_F(CoalescingStream, does_not_wait_for_ever_for_a_writer_that_never_rests) {
  stream.emplace(coalescing_options{.limits = kRoomy, .turn_limit = std::chrono::microseconds(50)}, context, script);
  asio::co_spawn(context, write_single_bytes(*stream, 200'000), asio::detached);
  run();
  EXPECT_EQ(script.taken.size(), 200'000U);
  EXPECT_GT(script.sends.size(), 2U);  // 200,000 passes take more than 50 us anywhere
}

TEST_F(CoalescingStream, waits_for_no_second_pass_when_told_so) {
  stream.emplace(coalescing_options{.limits = kRoomy, .turn_limit = std::chrono::microseconds(0)}, context, script);
  asio::co_spawn(context, write_single_bytes(*stream, 100), asio::detached);
  run();
  EXPECT_EQ(script.taken.size(), 100U);
  EXPECT_GE(script.sends.size(), 25U);
}

TEST_F(CoalescingStream, accumulates_while_a_send_is_in_flight) {
  script.hold = true;
  write("first");
  poll();
  write("second");
  write("third");
  poll();
  EXPECT_EQ(script.sends.size(), 1U);
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(script.taken, "firstsecondthird");
  EXPECT_EQ(script.sends.size(), 2U);
}

TEST_F(CoalescingStream, sends_messages_that_come_one_by_one_at_once) {
  write("first");
  run();
  write("second");
  EXPECT_EQ(script.taken, "firstsecond");  // before the loop has turned
  run();
}

TEST_F(CoalescingStream, gathers_again_after_one_by_one) {
  write("lone ");
  run();
  for (int turn = 0; turn < 2; ++turn) {
    for (const char* text : {"a ", "b ", "c "}) write(text);
    run();
  }
  EXPECT_EQ(script.taken, "lone a b c a b c ");
  EXPECT_EQ(script.sends, (std::vector<std::size_t>{5, 2, 4, 6}));  // the first of the many could not know
}

TEST_F(CoalescingStream, answers_of_several_writes_after_a_lone_message_are_one_send_each) {
  for (const int writes : {2, 3, 4}) {
    script = Script();
    stream.emplace(coalescing_options{.limits = kRoomy, .turn_limit = std::chrono::seconds(100)}, context, script);
    write("greeting");
    run();
    for (int answer = 0; answer < 10; ++answer) {
      for (int i = 0; i < writes; ++i) write("part ");
      run();
    }
    EXPECT_EQ(script.sends.size(), 1U + 2U + 9U) << writes;  // the first of the first answer could not know
  }
}

/// Answers each line with the given number of writes, until the end.
asio::awaitable<void> answer_lines(Stream& peer, int writes) {
  std::string received;
  for (;;) {
    const auto [error, size] =
        co_await asio::async_read_until(peer, asio::dynamic_buffer(received), '\n', asio::as_tuple(asio::use_awaitable));
    if (error) break;
    received.erase(0, size);
    for (int i = 0; i < writes; ++i) co_await asio::async_write(peer, asio::buffer("part ", 5), asio::use_awaitable);
  }
}

class PipelinedCoalescingStream : public CoalescingStream, public ::testing::WithParamInterface<int> {
 protected:
  PipelinedCoalescingStream() {
    stream.emplace(coalescing_options{.limits = kRoomy, .turn_limit = std::chrono::seconds(100)}, context, script);
  }
  void answer(std::vector<std::string> reads) {
    script.reads = std::move(reads);
    asio::co_spawn(context, answer_lines(*stream, GetParam()), asio::detached);
    run();
  }
  [[nodiscard]] std::string answers(int count) const {
    std::string all;
    for (int i = 0; i < count * GetParam(); ++i) all += "part ";
    return all;
  }
};

INSTANTIATE_TEST_SUITE_P(Writes, PipelinedCoalescingStream, ::testing::Values(1, 2, 3, 4));

TEST_P(PipelinedCoalescingStream, answers_to_requests_of_one_read_are_one_send) {
  answer({"a\nb\nc\nd\ne\nf\n"});
  EXPECT_EQ(script.taken, answers(6));
  EXPECT_EQ(script.sends.size(), 1U);
}

TEST_P(PipelinedCoalescingStream, answers_to_requests_that_wait_in_the_kernel_are_one_send) {
  answer({"a\n", "b\nc", "\nd\n", "e\n", "f\n"});
  EXPECT_EQ(script.taken, answers(6));
  EXPECT_EQ(script.sends.size(), 1U);
}

TEST_P(PipelinedCoalescingStream, after_a_greeting_only_the_first_answer_of_all_may_go_ahead) {
  write("greeting ");
  run();
  answer({"a\nb\n", "c\n", "d\n", "e\nf\n"});
  EXPECT_EQ(script.taken, "greeting " + answers(6));
  EXPECT_EQ(script.sends.size(), 3U);
  answer({"a\nb\n", "c\n", "d\n", "e\nf\n"});
  EXPECT_EQ(script.sends.size(), 4U);
}

TEST_F(CoalescingStream, sends_lone_messages_at_once_again_after_many) {
  for (const char* text : {"a ", "b ", "c "}) write(text);
  run();
  write("lone ");
  run();
  write("at once");
  EXPECT_EQ(script.taken, "a b c lone at once");  // before the loop has turned
  run();
}

TEST_F(CoalescingStream, a_write_some_hops_after_the_one_that_went_ahead_is_of_the_same_turn) {
  write("greeting ");
  run();
  for (int answer = 0; answer < 3; ++answer) {
    write("header ");
    asio::post(context, [&] { asio::post(context, [&] { write("body "); }); });
    run();
  }
  EXPECT_EQ(script.taken, "greeting header body header body header body ");
  EXPECT_EQ(script.sends.size(), 5U);
}

TEST_F(CoalescingStream, goes_on_after_a_partial_write) {
  script.most_at_once = 3;
  write("0123456789");
  run();
  EXPECT_EQ(script.taken, "0123456789");
  EXPECT_EQ(script.sends, (std::vector<std::size_t>{3, 3, 3, 1}));
}

TEST_F(CoalescingStream, lets_writers_wait_at_the_bound_and_admits_them_in_order) {
  script.hold = true;
  const auto first = write(std::string(100, 'a'));
  const auto second = write(std::string(10, 'b'));
  const auto third = write(std::string(10, 'c'));
  poll();
  EXPECT_TRUE(*first);
  EXPECT_FALSE(*second);
  EXPECT_FALSE(stream->append(bytes_of("no overtaking")));
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(*second, error_code());
  EXPECT_EQ(*third, error_code());
  EXPECT_EQ(script.taken, std::string(100, 'a') + std::string(10, 'b') + std::string(10, 'c'));
}

TEST_F(CoalescingStream, starts_a_full_batch_without_waiting_for_the_end_of_the_turn) {
  ASSERT_TRUE(stream->append(bytes_of(std::string(100, 'f'))));
  EXPECT_EQ(script.taken.size(), 100U);
  run();
}

TEST_F(CoalescingStream, write_some_takes_no_more_than_the_bound) {
  const std::string large(1000, 'l');
  std::size_t taken = 0;
  stream->async_write_some(asio::buffer(large), [&](error_code, std::size_t count) { taken = count; });
  run();
  EXPECT_EQ(taken, 100U);
  asio::async_write(*stream, asio::buffer(large), asio::detached);
  run();
  EXPECT_EQ(script.taken.size(), 1100U);
}

TEST_F(CoalescingStream, gathers_an_owned_block_with_its_neighbours) {
  stream->async_write(asio::buffer("before ", 7), asio::detached);
  stream->async_write(owned_bytes(std::string(60, 'o')), asio::detached);
  stream->async_write(asio::buffer(" after", 6), asio::detached);
  run();
  EXPECT_EQ(script.taken, "before " + std::string(60, 'o') + " after");
  EXPECT_EQ(script.sends.size(), 1U);
}

TEST_F(CoalescingStream, flush_completes_when_all_before_it_is_written) {
  script.hold = true;
  write("before");
  const auto flushed = flush();
  poll();
  EXPECT_FALSE(*flushed);
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(*flushed, error_code());
}

TEST_F(CoalescingStream, flush_of_nothing_completes_at_once_and_never_inside_the_call) {
  const auto flushed = flush();
  EXPECT_FALSE(*flushed);
  run();
  EXPECT_EQ(*flushed, error_code());
}

TEST_F(CoalescingStream, sends_what_a_completion_of_a_flush_writes) {  // netty #9923: it stayed in the buffer for ever
  int rounds = 0;
  std::function<void(error_code)> again = [&](error_code) {
    if (++rounds > 3) return;
    stream->append(bytes_of("again "));
    stream->async_flush(again);
  };
  again({});
  run();
  EXPECT_EQ(script.taken, "again again again ");
  EXPECT_EQ(stream->written(), stream->accepted());
}

TEST_F(CoalescingStream, sends_what_a_completion_of_a_write_writes) {
  stream->async_write(asio::buffer("first ", 6), [&](error_code, std::size_t) { stream->append(bytes_of("second")); });
  run();
  EXPECT_EQ(script.taken, "first second");
}

TEST_F(CoalescingStream, first_error_reaches_every_queued_and_every_later_operation) {
  script.fails_at = 0;
  script.hold = true;
  const auto accepted = write(std::string(100, 'a'));
  const auto queued = write("queued");
  const auto flushed = flush();
  std::optional<error_code> drained;
  stream->async_drain([&](error_code error) { drained = error; });
  poll();
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(*accepted, error_code());  // it had been accepted: only a flush says more
  EXPECT_EQ(*queued, asio::error::connection_reset);
  EXPECT_EQ(*flushed, asio::error::connection_reset);
  EXPECT_EQ(drained, asio::error::connection_reset);
  const auto later = write("later");
  const auto flushed_later = flush();
  run();
  EXPECT_EQ(*later, asio::error::connection_reset);
  EXPECT_EQ(*flushed_later, asio::error::connection_reset);
  EXPECT_EQ(stream->error(), asio::error::connection_reset);
  EXPECT_FALSE(stream->append(bytes_of("no")));
}

TEST_F(CoalescingStream, each_of_its_sends_may_be_the_one_that_fails) {
  for (int failing = 0;; ++failing) {
    script = Script();
    script.most_at_once = 7;
    script.fails_at = failing;
    stream.emplace(coalescing_options(), context, script);
    std::string sent;
    for (int i = 0; i < 5; ++i) {
      write("message " + std::to_string(i));
      sent += "message " + std::to_string(i);
    }
    const auto flushed = flush();
    run();
    EXPECT_EQ(script.taken, sent.substr(0, script.taken.size()));
    if (static_cast<std::size_t>(failing) >= script.sends.size()) {
      EXPECT_EQ(script.taken, sent);
      EXPECT_EQ(*flushed, error_code());
      EXPECT_GT(failing, 3);
      break;
    }
    EXPECT_EQ(*flushed, asio::error::connection_reset);
  }
}

TEST_F(CoalescingStream, a_layer_that_takes_nothing_is_an_error_and_not_a_loop) {
  script.most_at_once = 0;
  write("x");
  run();
  EXPECT_EQ(stream->error(), asio::error::broken_pipe);
}

TEST_F(CoalescingStream, cancels_a_message_that_is_not_under_way_and_keeps_later_flushes_right) {
  script.hold = true;
  write("on its way ");
  poll();
  const auto two = stream->append(bytes_of("cancelled "));
  stream->append(bytes_of("kept"));
  const auto flushed = flush();
  EXPECT_TRUE(stream->cancel(*two));
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(script.taken, "on its way kept");
  EXPECT_EQ(*flushed, error_code());
  EXPECT_FALSE(stream->cancel(*two));
}

TEST_F(CoalescingStream, a_flush_that_waited_only_for_a_cancelled_message_completes) {
  script.hold = true;
  write("under way");
  poll();
  const auto first = flush();
  const auto message = stream->append(bytes_of("cancelled"));
  const auto second = flush();
  EXPECT_TRUE(stream->cancel(*message));
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(*first, error_code());
  EXPECT_EQ(*second, error_code());
}

TEST_F(CoalescingStream, a_cancelled_turn_sends_nothing) {
  const auto message = stream->append(bytes_of("never"));
  EXPECT_TRUE(stream->cancel(*message));
  run();
  EXPECT_TRUE(script.sends.empty());
}

TEST_F(CoalescingStream, a_cancellation_slot_takes_a_waiting_write_out_of_the_queue) {
  script.hold = true;
  write(std::string(100, 'a'));
  asio::cancellation_signal signal;
  std::optional<error_code> outcome;
  stream->async_write(asio::buffer("unwanted", 8),
                      asio::bind_cancellation_slot(signal.slot(), [&](error_code error, std::size_t) { outcome = error; }));
  const auto behind = write("behind");
  signal.emit(asio::cancellation_type::total);
  poll();
  EXPECT_EQ(outcome, asio::error::operation_aborted);
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(*behind, error_code());
  EXPECT_EQ(script.taken, std::string(100, 'a') + "behind");
}

TEST_F(CoalescingStream, a_cancelled_flush_does_not_hurt_the_stream) {
  script.hold = true;
  write("text");
  asio::cancellation_signal signal;
  std::optional<error_code> outcome;
  stream->async_flush(asio::bind_cancellation_slot(signal.slot(), [&](error_code error) { outcome = error; }));
  poll();
  signal.emit(asio::cancellation_type::terminal);
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(outcome, asio::error::operation_aborted);
  EXPECT_FALSE(stream->error());
}

TEST_F(CoalescingStream, destroying_it_ends_what_waits_and_closes_what_is_below) {
  script.hold = true;
  write(std::string(100, 'a'));
  const auto queued = write("queued");
  const auto flushed = flush();
  poll();
  stream.reset();
  run();
  EXPECT_EQ(*queued, asio::error::operation_aborted);
  EXPECT_EQ(*flushed, asio::error::operation_aborted);
  EXPECT_TRUE(script.closed);
}

TEST_F(CoalescingStream, destroying_it_in_the_middle_of_a_turn_is_safe) {
  write("never sent");
  stream.reset();
  run();
  EXPECT_TRUE(script.taken.empty());
}

/// A coroutine that owns its stream and waits in it for good.
asio::awaitable<void> wait_in_own(Stream own, bool for_room) {
  const std::string message(100, 'm');
  co_await own.async_write(asio::buffer(message), asio::use_awaitable);
  if (for_room) co_await own.async_write(asio::buffer(message), asio::use_awaitable);
  co_await own.async_flush(asio::use_awaitable);
}

TEST_F(CoalescingStream,
       a_context_that_ends_takes_what_waits_with_it) {  // or a stream owned by its own waiter would stay for good
  for (const bool for_room : {true, false}) {
    Script own_script;
    own_script.hold = true;
    {
      asio::io_context ending;
      Stream own(coalescing_options{.limits = {.high_water = 100, .low_water = 20, .gather_from = 50}}, ending, own_script);
      asio::co_spawn(ending, wait_in_own(std::move(own), for_room), asio::detached);
      ending.poll();
      own_script.held = nullptr;  // the send is destroyed uncalled, as a context destroys its own
    }
    EXPECT_TRUE(own_script.closed);
  }
}

TEST_F(CoalescingStream, drain_says_so_where_nobody_counts_acknowledgements) {
  std::optional<error_code> drained;
  write("x");
  stream->async_drain([&](error_code error) { drained = error; });
  run();
  EXPECT_EQ(drained, asio::error::operation_not_supported);
  EXPECT_FALSE(stream->acknowledged());
}

TEST_F(CoalescingStream, reads_pass_through) {
  script.reads = {"line one\nline", " two\n"};
  std::string text;
  std::string line;
  asio::async_read_until(*stream, asio::dynamic_buffer(text), "two\n", [&](error_code error, std::size_t count) {
    EXPECT_FALSE(error);
    line = text.substr(0, count);
  });
  run();
  EXPECT_EQ(line, "line one\nline two\n");
}

TEST_F(CoalescingStream, takes_every_kind_of_completion_token) {
  auto future = stream->async_write(asio::buffer("future ", 7), asio::use_future);
  auto operation = stream->async_write(asio::buffer("deferred ", 9), asio::deferred);
  std::move(operation)(asio::detached);
  auto flushed = stream->async_flush(asio::use_future);
  const auto coroutine = [](Stream& to) -> asio::awaitable<std::size_t> {
    co_return co_await to.async_write(asio::buffer("awaitable", 9), asio::use_awaitable);
  };
  auto awaited = asio::co_spawn(context, coroutine(*stream), asio::use_future);
  run();
  EXPECT_EQ(future.get(), 7U);
  flushed.get();
  EXPECT_EQ(awaited.get(), 9U);
  EXPECT_EQ(script.taken, "future deferred awaitable");
}

TEST_F(CoalescingStream, completes_on_the_handlers_own_executor_and_keeps_it_busy) {
  script.hold = true;
  write(std::string(100, 'a'));
  asio::io_context other;
  bool there = false;
  stream->async_write(asio::buffer("b", 1), asio::bind_executor(other, [&](error_code, std::size_t) { there = true; }));
  poll();
  other.poll();
  EXPECT_FALSE(other.stopped());  // it has work to come
  script.hold = false;
  script.release();
  run();
  EXPECT_FALSE(there);
  other.run();
  EXPECT_TRUE(there);
}

TEST_F(CoalescingStream, appends_text_as_it_is) {
  ASSERT_TRUE(stream->append("a text"));
  run();
  EXPECT_EQ(script.taken, "a text");
}

TEST_F(CoalescingStream, shutdown_sends_what_is_accepted_and_what_waits_and_takes_no_more) {
  script.hold = true;
  const auto first = write(std::string(100, 'a'));
  const auto waiting = write("waits");
  std::optional<error_code> shut;
  stream->async_shutdown(std::chrono::hours(1), [&](error_code error) { shut = error; });
  const auto late = write("too late");
  EXPECT_FALSE(stream->append("nor this"));
  poll();
  EXPECT_FALSE(shut);
  EXPECT_EQ(*late, errc::shut_down);
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(shut, error_code());
  EXPECT_EQ(*waiting, error_code());
  EXPECT_EQ(script.taken, std::string(100, 'a') + "waits");
  std::optional<error_code> again;
  stream->async_shutdown(std::chrono::hours(1), [&](error_code error) { again = error; });
  run();
  EXPECT_EQ(again, errc::shut_down);
}

TEST_F(CoalescingStream, shutdown_of_nothing_completes_and_never_inside_the_call) {
  std::optional<error_code> shut;
  stream->async_shutdown(std::chrono::hours(1), [&](error_code error) { shut = error; });
  EXPECT_FALSE(shut);
  run();
  EXPECT_EQ(shut, error_code());
}

TEST_F(CoalescingStream, shutdown_that_takes_too_long_closes_and_tells_everybody) {
  script.hold = true;
  write(std::string(100, 'a'));
  const auto waiting = write("waits");
  std::optional<error_code> shut;
  poll();
  stream->async_shutdown(std::chrono::milliseconds(1), [&](error_code error) { shut = error; });
  run();
  EXPECT_EQ(shut, asio::error::timed_out);
  EXPECT_EQ(*waiting, asio::error::timed_out);
  EXPECT_TRUE(script.closed);
}

TEST_F(CoalescingStream, shutdown_ends_with_what_breaks_or_destroys_the_stream) {
  for (const bool destroyed : {false, true}) {
    script = Script();
    script.hold = true;
    script.fails_at = destroyed ? -1 : 0;
    stream.emplace(context, script);
    write("never");
    poll();
    std::optional<error_code> shut;
    stream->async_shutdown(std::chrono::hours(1), [&](error_code error) { shut = error; });
    if (destroyed) stream.reset();
    script.release();
    run();
    EXPECT_EQ(shut, destroyed ? asio::error::operation_aborted : asio::error::connection_reset);
  }
}

/// Counts what it gives out and gets back.
template <typename T>
struct CountingAllocator {
  using value_type = T;
  explicit CountingAllocator(int& alive, int& made) : alive_(&alive), made_(&made) {}
  template <typename U>
  CountingAllocator(const CountingAllocator<U>& other) : alive_(other.alive_), made_(other.made_) {}
  T* allocate(std::size_t count) {
    ++*alive_;
    ++*made_;
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* at, std::size_t count) {
    --*alive_;
    std::allocator<T>().deallocate(at, count);
  }
  bool operator==(const CountingAllocator&) const = default;
  int* alive_;
  int* made_;
};

TEST_F(CoalescingStream, waits_in_memory_of_the_handlers_allocator_and_gives_it_back_before_the_handler_runs) {
  int alive = 0;
  int made = 0;
  int alive_in_handler = -1;
  const CountingAllocator<char> counting(alive, made);
  script.hold = true;
  write("text");
  poll();
  stream->async_flush(asio::bind_allocator(counting, [&](error_code) { alive_in_handler = alive; }));
  EXPECT_GE(made, 1);
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(alive_in_handler, 0);
  script.hold = true;
  write("again");
  stream->async_flush(asio::bind_allocator(counting, [](error_code) {}));
  stream.reset();
  run();
  EXPECT_EQ(alive, 0);
}

TEST_F(CoalescingStream, moves_with_what_is_under_way) {
  script.hold = true;
  write("moved");
  poll();
  Stream elsewhere = std::move(*stream);
  script.hold = false;
  script.release();
  run();
  EXPECT_EQ(elsewhere.written(), 5U);
}

RC_GTEST_PROP(CoalescingStreamProperty, bytes_in_are_bytes_out_in_order_under_partial_writes_cancels_and_an_error, ()) {
  asio::io_context context;
  Script script;
  script.most_at_once = *rc::gen::inRange<std::size_t>(1, 40);
  script.fails_at = *rc::gen::inRange(-1, 20);
  Stream stream(coalescing_options{.limits = {.high_water = 64, .low_water = 16, .gather_from = 16}}, context, script);
  std::string expected;
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6));
  for (const int step : steps) {
    const std::string text = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
    if (step == 5) {
      context.restart();
      context.poll();
      continue;
    }
    if (step <= 2) {  // bytes that count: accepted, or waiting in order
      const auto kept = std::make_shared<std::string>(text);
      stream.async_write(asio::buffer(*kept), [kept](error_code, std::size_t) {});
      expected += text;
    } else if (const auto id = stream.append(owned_bytes(std::string(text)))) {
      const bool cancelled = step == 4 && stream.cancel(*id);
      if (!cancelled) expected += text;
    }
  }
  context.restart();
  context.run();
  RC_ASSERT(script.taken == expected.substr(0, script.taken.size()));
  if (!stream.error()) RC_ASSERT(script.taken == expected);
}

}  // namespace
}  // namespace uncork::stream
