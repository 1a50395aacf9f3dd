#include "uncork/stream/coalescer.hpp"

#include <gtest/gtest.h>
#include <limits.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace uncork::stream {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

std::string text_of(std::span<const iovec> vectors) {
  std::string text;
  for (const iovec& part : vectors) text.append(static_cast<const char*>(part.iov_base), part.iov_len);
  return text;
}

TEST(Coalescer, gives_small_messages_as_one_piece) {
  coalescer core;
  core.append(bytes_of("one "));
  core.append(bytes_of("two "));
  core.append(owned_bytes(std::string("three")));
  const auto batch = core.batch();
  EXPECT_EQ(batch.size(), 1U);
  EXPECT_EQ(text_of(batch), "one two three");
  EXPECT_EQ(core.in_flight(), 13U);
  EXPECT_EQ(core.pending(), 0U);
}

TEST(Coalescer, gathers_large_owned_blocks_where_they_lie) {
  coalescer core;
  std::string large(16 * 1024, 'l');
  const char* const lies_at = large.data();
  core.append(bytes_of("before"));
  core.append(owned_bytes(std::move(large)));
  core.append(bytes_of("after"));
  const auto batch = core.batch();
  ASSERT_EQ(batch.size(), 3U);
  EXPECT_EQ(batch[1].iov_base, lies_at);
  EXPECT_EQ(batch[1].iov_len, 16U * 1024);
}

TEST(Coalescer, accumulates_while_a_batch_is_in_flight) {
  coalescer core;
  core.append(bytes_of("first"));
  EXPECT_EQ(text_of(core.batch()), "first");
  core.append(bytes_of("second"));
  EXPECT_EQ(text_of(core.batch()), "first");  // still the batch under way
  core.wrote(2);
  EXPECT_EQ(text_of(core.batch()), "rst");
  core.wrote(3);
  EXPECT_EQ(text_of(core.batch()), "second");
}

TEST(Coalescer, knows_accepted_from_written) {
  coalescer core;
  core.append(bytes_of("12345"));
  EXPECT_EQ(core.accepted(), 5U);
  EXPECT_EQ(core.written(), 0U);
  EXPECT_FALSE(core.batch().empty());
  core.wrote(3);
  EXPECT_EQ(core.accepted(), 5U);
  EXPECT_EQ(core.written(), 3U);
  EXPECT_EQ(core.in_flight(), 2U);
}

TEST(Coalescer, has_nothing_to_send_for_empty_messages) {
  coalescer core;
  core.append(std::span<const std::byte>());
  core.append(owned_bytes());
  EXPECT_TRUE(core.batch().empty());
  core.append(bytes_of("x"));
  EXPECT_EQ(text_of(core.batch()), "x");
}

TEST(Coalescer, makes_writers_wait_from_the_high_mark_down_to_the_low_one) {
  coalescer core({.high_water = 10, .low_water = 4, .gather_from = 1000});
  core.append(bytes_of("123456789"));
  EXPECT_TRUE(core.writable());
  core.append(bytes_of("a message taken whole"));
  EXPECT_FALSE(core.writable());
  ASSERT_FALSE(core.batch().empty());
  EXPECT_FALSE(core.writable());  // bytes in flight count
  core.wrote(25);
  EXPECT_EQ(core.in_flight(), 5U);
  EXPECT_FALSE(core.writable());
  core.wrote(1);
  EXPECT_TRUE(core.writable());
}

TEST(Coalescer, hands_over_at_most_iov_max_pieces_at_once) {
  coalescer core({.high_water = 1 << 20, .low_water = 1, .gather_from = 1});
  for (int i = 0; i < IOV_MAX + 10; ++i) core.append(owned_bytes(std::string(1, 'x')));
  EXPECT_EQ(core.batch().size(), static_cast<std::size_t>(IOV_MAX));
  core.wrote(IOV_MAX);
  EXPECT_EQ(core.batch().size(), 10U);
}

TEST(Coalescer, cancels_a_whole_message_that_no_batch_has_taken) {
  coalescer core;
  core.append(bytes_of("in flight "));
  ASSERT_FALSE(core.batch().empty());
  core.append(bytes_of("one "));
  const message_id two = core.append(bytes_of("two "));
  core.append(bytes_of("three"));
  const auto taken = core.cancel(two);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->offset, 14U);
  EXPECT_EQ(taken->size, 4U);
  EXPECT_EQ(core.accepted(), 19U);
  core.wrote(10);
  EXPECT_EQ(text_of(core.batch()), "one three");
}

TEST(Coalescer, does_not_cancel_what_is_on_its_way_or_gone_or_unknown) {
  coalescer core;
  const message_id sent = core.append(bytes_of("sent"));
  ASSERT_FALSE(core.batch().empty());
  EXPECT_FALSE(core.cancel(sent));
  core.wrote(1);
  EXPECT_FALSE(core.cancel(sent));
  core.wrote(3);
  EXPECT_FALSE(core.cancel(sent));
  EXPECT_FALSE(core.cancel(message_id{1000}));
}

TEST(Coalescer, cancelling_the_same_message_again_takes_nothing_more) {
  coalescer core;
  const message_id first = core.append(bytes_of("first"));
  core.append(bytes_of("second"));
  EXPECT_EQ(core.cancel(first)->size, 5U);
  EXPECT_EQ(core.cancel(first)->size, 0U);
  EXPECT_EQ(text_of(core.batch()), "second");
}

TEST(Coalescer, cancels_a_gathered_block) {
  coalescer core({.high_water = 100, .low_water = 10, .gather_from = 4});
  core.append(bytes_of("a"));
  const message_id block = core.append(owned_bytes(std::string("block")));
  core.append(bytes_of("b"));
  EXPECT_TRUE(core.cancel(block));
  EXPECT_EQ(text_of(core.batch()), "ab");
}

TEST(Coalescer, keeps_the_first_error_and_accepts_nothing_more) {
  coalescer core;
  core.append(bytes_of("in flight"));
  const auto batch = core.batch();
  core.append(bytes_of("pending"));
  core.fail(boost::asio::error::connection_reset);
  core.fail(boost::asio::error::broken_pipe);
  EXPECT_EQ(core.error(), boost::asio::error::connection_reset);
  EXPECT_FALSE(core.writable());
  EXPECT_EQ(core.pending(), 0U);
  EXPECT_EQ(text_of(batch), "in flight");  // whoever still sends it may
  core.wrote(9);
  EXPECT_TRUE(core.batch().empty());
}

TEST(Coalescer, keeps_its_batch_in_place_when_it_is_moved) {
  coalescer core;
  core.append(bytes_of("moved"));
  const auto batch = core.batch();
  const coalescer elsewhere = std::move(core);
  EXPECT_EQ(text_of(batch), "moved");
  EXPECT_EQ(elsewhere.in_flight(), 5U);
}

/// A coalescer beside the simplest thing that could be right: a list of messages.
struct Model {
  struct Message {
    message_id id;
    std::string text;
  };
  std::vector<Message> waiting;  // not yet in a batch
  std::string batch;             // what of the batch is not written
  std::string written;
};

struct Sides {
  coalescer core{{.high_water = 64, .low_water = 16, .gather_from = 8}};
  Model model;
};

void append(Sides& sides, bool owned) {
  std::string text = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
  const message_id id = owned ? sides.core.append(owned_bytes(std::string(text))) : sides.core.append(bytes_of(text));
  sides.model.waiting.push_back({id, std::move(text)});
}

void write_some(Sides& sides) {
  Model& model = sides.model;
  const std::string offered = text_of(sides.core.batch());
  if (model.batch.empty()) {
    for (const Model::Message& message : std::exchange(model.waiting, {})) model.batch += message.text;
  }
  RC_ASSERT(offered == model.batch);
  const auto count = *rc::gen::inRange<std::size_t>(0, offered.size() + 1);
  sides.core.wrote(count);
  model.written += model.batch.substr(0, count);
  model.batch.erase(0, count);
}

void cancel_one(Sides& sides) {
  if (sides.model.waiting.empty()) return;
  const auto index = *rc::gen::inRange<std::size_t>(0, sides.model.waiting.size());
  const auto at = sides.model.waiting.begin() + static_cast<std::ptrdiff_t>(index);
  const auto taken = sides.core.cancel(at->id);
  RC_ASSERT(taken.has_value());
  RC_ASSERT(taken->size == at->text.size());
  sides.model.waiting.erase(at);
}

RC_GTEST_PROP(Coalescer, bytes_out_are_the_bytes_in_in_order_whatever_is_appended_written_and_cancelled, ()) {
  Sides sides;
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 8));
  for (const int step : steps) {
    if (step < 4) append(sides, step % 2 == 1);
    if (step == 4 || step == 5 || step == 6) write_some(sides);
    if (step == 7) cancel_one(sides);
    std::size_t waiting = 0;
    for (const Model::Message& message : sides.model.waiting) waiting += message.text.size();
    RC_ASSERT(sides.core.pending() == waiting);
    RC_ASSERT(sides.core.in_flight() == sides.model.batch.size());
    RC_ASSERT(sides.core.written() == sides.model.written.size());
    RC_ASSERT(sides.core.accepted() == sides.model.written.size() + sides.model.batch.size() + waiting);
    if (waiting + sides.model.batch.size() >= 64) RC_ASSERT(!sides.core.writable());
    if (waiting + sides.model.batch.size() <= 16) RC_ASSERT(sides.core.writable());
  }
}

}  // namespace
}  // namespace uncork::stream
