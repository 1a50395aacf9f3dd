#include "relay/delay_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

namespace uncork::relay {
namespace {

using core::Micros;
using core::Time;
using std::chrono::milliseconds;

Time at(Micros since_start) { return Time(since_start); }

std::vector<std::byte> bytes_of(std::size_t count, unsigned value = 'x') {
  return std::vector(count, static_cast<std::byte>(value));
}

DelayLine::Options delayed(Micros delay) {
  DelayLine::Options options;
  options.delay = delay;
  return options;
}

/// Gives the draws in turn, then zeros.
Jitter scripted(std::vector<Micros> draws) {
  return [draws = std::move(draws), next = std::size_t{0}]() mutable { return next < draws.size() ? draws[next++] : Micros(0); };
}

TEST(DelayLine, holds_a_chunk_until_its_delay_has_passed_and_not_a_microsecond_longer) {
  DelayLine line(delayed(milliseconds(20)));
  line.push(bytes_of(3), at(milliseconds(5)));
  EXPECT_EQ(line.next_due(), at(milliseconds(25)));
  EXPECT_EQ(line.due(at(Micros(24'999))), nullptr);
  ASSERT_NE(line.due(at(milliseconds(25))), nullptr);
  EXPECT_EQ(line.due(at(milliseconds(25)))->bytes.size(), 3U);
}

TEST(DelayLine, gives_a_chunk_at_once_when_there_is_no_delay) {
  DelayLine line({});
  line.push(bytes_of(1), at(milliseconds(5)));
  EXPECT_NE(line.due(at(milliseconds(5))), nullptr);
}

TEST(DelayLine, has_nothing_due_when_empty) {
  DelayLine line({});
  EXPECT_EQ(line.next_due(), std::nullopt);
  EXPECT_EQ(line.due(at(milliseconds(1))), nullptr);
  EXPECT_EQ(line.ended(at(milliseconds(1))), std::nullopt);
}

TEST(DelayLine, chunks_that_wait_together_keep_their_own_due_times) {
  DelayLine line(delayed(milliseconds(20)));
  line.push(bytes_of(1), at(milliseconds(0)));
  line.push(bytes_of(1), at(milliseconds(1)));
  line.push(bytes_of(1), at(milliseconds(7)));
  EXPECT_EQ(line.next_due(), at(milliseconds(20)));
  line.pop();
  EXPECT_EQ(line.next_due(), at(milliseconds(21)));
  line.pop();
  EXPECT_EQ(line.next_due(), at(milliseconds(27)));
}

TEST(DelayLine, a_chunk_taken_late_does_not_make_the_next_one_late) {
  DelayLine line(delayed(milliseconds(20)));
  line.push(bytes_of(1), at(milliseconds(0)));
  line.push(bytes_of(1), at(milliseconds(1)));
  const Time late = at(milliseconds(90));
  ASSERT_NE(line.due(late), nullptr);
  line.pop();
  EXPECT_NE(line.due(late), nullptr);
}

TEST(DelayLine, jitter_delays_a_chunk_and_holds_those_behind_it_only_as_long_as_order_needs) {
  DelayLine::Options options = delayed(milliseconds(10));
  options.jitter = scripted({milliseconds(5), milliseconds(0), milliseconds(0)});
  DelayLine line(std::move(options));
  line.push(bytes_of(1), at(milliseconds(0)));
  line.push(bytes_of(1), at(milliseconds(1)));
  line.push(bytes_of(1), at(milliseconds(8)));
  EXPECT_EQ(line.next_due(), at(milliseconds(15)));
  line.pop();
  EXPECT_EQ(line.next_due(), at(milliseconds(15)));
  line.pop();
  EXPECT_EQ(line.next_due(), at(milliseconds(18)));
}

TEST(DelayLine, the_rate_spaces_chunks_by_their_transmission_time_and_the_delay_comes_once) {
  DelayLine::Options options = delayed(milliseconds(20));
  options.rate_bytes_per_second = 100'000;  // 10 us a byte
  DelayLine line(std::move(options));
  for (int i = 0; i < 3; ++i) line.push(bytes_of(1000), at(milliseconds(0)));
  for (const auto due : {30, 40, 50}) {
    EXPECT_EQ(line.next_due(), at(milliseconds(due)));
    line.pop();
  }
}

TEST(DelayLine, an_idle_link_saves_no_rate_for_later) {
  DelayLine::Options options;
  options.rate_bytes_per_second = 1000;
  DelayLine line(std::move(options));
  line.push(bytes_of(1), at(milliseconds(0)));
  line.pop();
  line.push(bytes_of(2), at(milliseconds(500)));
  EXPECT_EQ(line.next_due(), at(milliseconds(502)));
}

TEST(DelayLine, fractions_of_a_microsecond_add_up) {
  DelayLine::Options options;
  options.rate_bytes_per_second = 3'000'000;  // a third of a microsecond each
  DelayLine line(std::move(options));
  for (int i = 0; i < 3000; ++i) line.push(bytes_of(1), at(Micros(0)));
  for (int i = 0; i < 2999; ++i) line.pop();
  EXPECT_EQ(line.next_due(), at(Micros(1000)));
}

TEST(DelayLine, a_finish_waits_for_its_own_delay_and_for_every_chunk_before_it) {
  DelayLine line(delayed(milliseconds(20)));
  line.push(bytes_of(1), at(milliseconds(0)));
  line.push_end(End::finished, at(milliseconds(5)));
  EXPECT_EQ(line.ended(at(milliseconds(90))), std::nullopt);
  line.pop();
  EXPECT_EQ(line.next_due(), at(milliseconds(25)));
  EXPECT_EQ(line.ended(at(Micros(24'999))), std::nullopt);
  EXPECT_EQ(line.ended(at(milliseconds(25))), End::finished);
}

TEST(DelayLine, a_reset_takes_effect_when_due_even_if_chunks_were_not_taken) {
  DelayLine line(delayed(milliseconds(20)));
  line.push(bytes_of(1), at(milliseconds(0)));
  line.push_end(End::reset, at(milliseconds(5)));
  EXPECT_EQ(line.reset_due(), at(milliseconds(25)));
  EXPECT_EQ(line.ended(at(milliseconds(24))), std::nullopt);
  EXPECT_EQ(line.ended(at(milliseconds(25))), End::reset);
}

TEST(DelayLine, a_reset_may_follow_a_finish_and_replaces_it) {
  DelayLine line(delayed(milliseconds(20)));
  line.push_end(End::finished, at(milliseconds(0)));
  line.push_end(End::reset, at(milliseconds(5)));
  EXPECT_EQ(line.ended(at(milliseconds(20))), std::nullopt);
  EXPECT_EQ(line.ended(at(milliseconds(25))), End::reset);
}

TEST(DelayLine, its_bound_counts_the_bytes_and_the_cost_of_each_chunk) {
  DelayLine::Options options;
  options.limit_bytes = 1000;
  DelayLine line(std::move(options));
  EXPECT_EQ(line.room(), 1000 - DelayLine::kChunkOverhead);
  line.push(bytes_of(500), at(milliseconds(0)));
  EXPECT_EQ(line.room(), 500 - 2 * DelayLine::kChunkOverhead);
  line.push(bytes_of(line.room()), at(milliseconds(0)));
  EXPECT_EQ(line.room(), 0U);
  line.pop();
  EXPECT_EQ(line.room(), 500U);
}

TEST(DelayLine, a_flood_of_single_bytes_is_bounded_by_what_it_costs) {
  DelayLine::Options options;
  options.limit_bytes = 65'000;
  DelayLine line(std::move(options));
  std::size_t pushed = 0;
  for (; line.room() > 0; ++pushed) line.push(bytes_of(1), at(milliseconds(0)));
  EXPECT_EQ(pushed, 65'000 / (DelayLine::kChunkOverhead + 1));
}

TEST(DelayLine, forgets_everything_when_cleared) {
  DelayLine line({});
  line.push(bytes_of(9), at(milliseconds(0)));
  line.push_end(End::finished, at(milliseconds(0)));
  line.clear();
  EXPECT_EQ(line.waiting_bytes(), 0U);
  EXPECT_EQ(line.next_due(), std::nullopt);
}

TEST(DelayLineDeathTest, refuses_more_than_its_room_and_bytes_behind_an_end) {
  DelayLine line({});
  EXPECT_DEATH(line.push(bytes_of(line.room() + 1), at(milliseconds(0))), "room");
  line.push_end(End::finished, at(milliseconds(0)));
  EXPECT_DEATH(line.push(bytes_of(1), at(milliseconds(0))), "end_");
}

TEST(UniformJitter, repeats_with_its_seed_and_differs_with_another) {
  const auto draws = [](std::uint64_t seed) {
    std::vector<Micros> drawn(50);
    std::ranges::generate(drawn, uniform_jitter(milliseconds(10), seed));
    return drawn;
  };
  EXPECT_EQ(draws(1), draws(1));
  EXPECT_NE(draws(1), draws(2));
}

TEST(UniformJitter, fills_the_whole_range_and_nothing_outside) {
  const Jitter jitter = uniform_jitter(Micros(3), 1);
  std::array<int, 4> seen{};
  for (int i = 0; i < 4000; ++i) ++seen.at(static_cast<std::size_t>(jitter().count()));
  EXPECT_THAT(seen, testing::Each(testing::AllOf(testing::Gt(800), testing::Lt(1200))));  // 1000 +- 7 standard deviations
}

/// A link and what was sent into it: gaps between reads, sizes, and the options that matter.
struct Traffic {
  Micros delay{};
  Micros most_jitter{};
  std::uint64_t rate = 0;
  std::vector<std::pair<std::int64_t, std::uint16_t>> reads;  // gap in us, size less one
};

Traffic any_traffic() {
  Traffic traffic;
  traffic.delay = Micros(*rc::gen::inRange(0, 50'000));
  traffic.most_jitter = Micros(*rc::gen::inRange(0, 20'000));
  traffic.rate = *rc::gen::element<std::uint64_t>(0, 1, 977, 125'000, 1'000'000'007);
  traffic.reads = *rc::gen::container<decltype(traffic.reads)>(
      rc::gen::pair(rc::gen::inRange<std::int64_t>(0, 30'000), rc::gen::inRange<std::uint16_t>(0, 3000)));
  return traffic;
}

struct Passed {
  std::vector<Time> read;
  std::vector<Time> due;
  std::vector<Micros> jitter;
  std::vector<std::size_t> size;
  std::vector<std::byte> in;
  std::vector<std::byte> out;
};

/// Pushes everything, taking what is due along the way (each chunk exactly when it is due, or only before the next read).
Passed pass(const Traffic& traffic) {
  DelayLine::Options options = delayed(traffic.delay);
  options.rate_bytes_per_second = traffic.rate;
  options.limit_bytes = std::size_t{1} << 30U;
  options.jitter = uniform_jitter(traffic.most_jitter, 7);
  const Jitter twin = uniform_jitter(traffic.most_jitter, 7);
  DelayLine line(std::move(options));
  Passed passed;
  const auto take = [&](Time now) {
    while (const DelayLine::Chunk* chunk = line.due(now)) {
      passed.due.push_back(chunk->due);
      passed.out.insert(passed.out.end(), chunk->bytes.begin(), chunk->bytes.end());
      line.pop();
    }
  };
  Time now = at(Micros(0));
  for (const auto& [gap, size_less_one] : traffic.reads) {
    now += Micros(gap);
    take(now);
    const auto chunk = bytes_of(size_less_one + 1U, static_cast<unsigned>(passed.read.size() % 251));
    line.push(chunk, now);
    passed.read.push_back(now);
    passed.jitter.push_back(twin());
    passed.size.push_back(chunk.size());
    passed.in.insert(passed.in.end(), chunk.begin(), chunk.end());
  }
  while (const auto due = line.next_due()) take(*due);
  return passed;
}

RC_GTEST_PROP(DelayLineProperty, bytes_come_out_as_they_went_in, ()) {
  const Passed passed = pass(any_traffic());
  RC_ASSERT(passed.out == passed.in);
  RC_ASSERT(passed.due.size() == passed.read.size());
}

RC_GTEST_PROP(DelayLineProperty, due_times_never_decrease_and_are_never_before_read_and_delay_and_jitter, ()) {
  const Traffic traffic = any_traffic();
  const Passed passed = pass(traffic);
  RC_ASSERT(std::ranges::is_sorted(passed.due));
  for (std::size_t i = 0; i < passed.due.size(); ++i) {
    RC_ASSERT(passed.due[i] >= passed.read[i] + traffic.delay + passed.jitter[i]);
  }
}

RC_GTEST_PROP(DelayLineProperty, without_a_rate_a_chunk_waits_for_itself_and_those_before_it_only, ()) {
  Traffic traffic = any_traffic();
  traffic.rate = 0;
  const Passed passed = pass(traffic);
  Time latest = Time::min();
  for (std::size_t i = 0; i < passed.due.size(); ++i) {
    latest = std::max(latest, passed.read[i] + traffic.delay + passed.jitter[i]);
    RC_ASSERT(passed.due[i] == latest);
  }
}

/// Over any run of chunks: n bytes after the first chunk take at least n / rate, and a link that is never idle no more.
RC_GTEST_PROP(DelayLineProperty, the_rate_is_never_exceeded, ()) {
  Traffic traffic = any_traffic();
  RC_PRE(traffic.rate != 0 && traffic.reads.size() >= 2);
  const Passed passed = pass(traffic);
  const std::size_t first = *rc::gen::inRange<std::size_t>(0, passed.due.size() - 1);
  const std::size_t last = *rc::gen::inRange<std::size_t>(first + 1, passed.due.size());
  const auto bytes = std::accumulate(passed.size.begin() + static_cast<std::ptrdiff_t>(first) + 1,
                                     passed.size.begin() + static_cast<std::ptrdiff_t>(last) + 1, std::uint64_t{0});
  const auto shortest = static_cast<std::int64_t>(bytes * 1'000'000 / traffic.rate);
  RC_ASSERT((passed.due[last] - passed.due[first]).count() >= shortest - 1);  // both ends are rounded up to a microsecond
}

RC_GTEST_PROP(DelayLineProperty, a_busy_link_reaches_its_rate, ()) {
  Traffic traffic = any_traffic();
  RC_PRE(traffic.rate != 0 && !traffic.reads.empty());
  for (auto& read : traffic.reads) read.first = 0;
  traffic.most_jitter = Micros(0);
  const Passed passed = pass(traffic);
  const std::uint64_t scaled = std::uint64_t{passed.in.size()} * 1'000'000;
  const auto exact = static_cast<std::int64_t>((scaled + traffic.rate - 1) / traffic.rate);
  RC_ASSERT(passed.due.back() == passed.read.front() + traffic.delay + Micros(exact));
}

RC_GTEST_PROP(DelayLineProperty, the_end_comes_last, ()) {
  const Traffic traffic = any_traffic();
  DelayLine::Options options = delayed(traffic.delay);
  options.rate_bytes_per_second = traffic.rate;
  options.limit_bytes = std::size_t{1} << 30U;
  options.jitter = uniform_jitter(traffic.most_jitter, 7);
  DelayLine line(std::move(options));
  Time now = at(Micros(0));
  for (const auto& [gap, size_less_one] : traffic.reads) line.push(bytes_of(size_less_one + 1U), now += Micros(gap));
  const End end = *rc::gen::element(End::finished, End::reset);
  line.push_end(end, now);
  Time last = Time::min();
  for (std::size_t taken = 0; taken < traffic.reads.size(); ++taken) {
    last = *line.next_due();
    RC_ASSERT(line.due(last) != nullptr);
    RC_ASSERT(!line.ended(last - Micros(1)));
    line.pop();
  }
  RC_ASSERT(*line.next_due() >= std::max(last, now + traffic.delay));
  RC_ASSERT(line.ended(*line.next_due()) == end);
}

}  // namespace
}  // namespace uncork::relay
