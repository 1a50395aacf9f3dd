// Envelopes: no cap costs a row.

#include "record/envelope.hpp"

#include <gtest/gtest.h>
#include <malloc.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "any_row.hpp"
#include "record/protobuf.hpp"
#include "some_row.hpp"
#include "tests/core/sanitized.hpp"

namespace uncork::record {
namespace {

using namespace std::chrono_literals;

struct Finished {
  std::string bytes;
  std::size_t rows;
  FlushReason reason;
};

struct Post {
  std::vector<Finished> envelopes;
  EnvelopeBuilder::Sink sink() {
    return [this](const Envelope& e) { envelopes.push_back({std::string(e.bytes), e.rows, e.reason}); };
  }
};

core::Time at(core::Micros time) { return core::Time{} + time; }

/// The sequence numbers of the rows in an Envelope with its length in front; empty if it is none.
std::vector<std::uint64_t> rows_in(const std::string& framed) {
  std::size_t length_bytes = 1;
  while ((static_cast<unsigned char>(framed[length_bytes - 1]) & 0x80) != 0) ++length_bytes;
  xtcp_flat_record::v1::Envelope envelope;
  std::vector<std::uint64_t> sequences;
  if (!envelope.ParseFromString(framed.substr(length_bytes))) return sequences;
  for (const auto& row : envelope.row()) sequences.push_back(row.sequence());
  return sequences;
}

RC_GTEST_PROP(EnvelopeBuilder, gives_every_row_once_in_order_and_within_its_caps, ()) {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  Texts texts;
  Post post;
  const EnvelopeCaps caps = {.rows = 1 + random() % 20, .bytes = 1 + random() % 6000, .age = core::Micros(random() % 2 * 1000)};
  EnvelopeBuilder builder(protobuf_list_format(), caps, post.sink());
  const std::uint64_t count = random() % 80;
  for (std::uint64_t i = 1; i <= count; ++i) {
    Row row = any_row(texts, random);
    row.sequence = i;
    builder.add(row, at(core::Micros(i)));
    if (random() % 10 == 0) builder.flush(FlushReason::poll_end);
    if (random() % 10 == 0) builder.on_time(at(core::Micros(random() % 2000)));
  }
  builder.flush(FlushReason::shutdown);
  RC_ASSERT(builder.waiting() == 0u);

  std::uint64_t next = 1;
  for (const Finished& envelope : post.envelopes) {
    const auto rows = rows_in(envelope.bytes);
    RC_ASSERT(rows.size() == envelope.rows);
    RC_ASSERT(!rows.empty());
    for (const std::uint64_t row : rows) RC_ASSERT(row == next++);
    RC_ASSERT(envelope.rows <= caps.rows);
    RC_ASSERT((envelope.bytes.size() <= caps.bytes || envelope.rows == 1));
    RC_ASSERT((envelope.reason != FlushReason::rows_cap || envelope.rows == caps.rows));
  }
  RC_ASSERT(next == count + 1);
}

RC_GTEST_PROP(EnvelopeBuilder, keeps_the_caps_in_every_format, ()) {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  Texts texts;
  for (const std::string_view name : format_names()) {
    Post post;
    const std::size_t bytes = 3000 + random() % 20'000;
    EnvelopeBuilder builder(make_format(name).value(), {.rows = 5, .bytes = bytes}, post.sink());
    for (int i = 0; i < 12; ++i) builder.add(any_row(texts, random), at(0us));
    builder.flush(FlushReason::poll_end);
    std::size_t rows = 0;
    for (const Finished& envelope : post.envelopes) {
      rows += envelope.rows;
      RC_ASSERT((envelope.bytes.size() <= bytes || envelope.rows == 1));
    }
    RC_ASSERT(rows == 12u);
  }
}

TEST(EnvelopeBuilder, says_why_an_envelope_ended) {
  Texts texts;
  Post post;
  EnvelopeBuilder builder(protobuf_list_format(), {.rows = 3, .bytes = 100'000, .age = 10ms}, post.sink());
  EXPECT_EQ(builder.deadline(), std::nullopt);
  for (std::uint32_t i = 0; i < 4; ++i) builder.add(some_row(texts, i), at(core::Micros(i)));
  ASSERT_EQ(post.envelopes.size(), 1u);
  EXPECT_EQ(post.envelopes[0].reason, FlushReason::rows_cap);
  EXPECT_EQ(builder.deadline(), at(10'003us)) << "the age counts from the envelope's first row";
  builder.on_time(at(10'002us));
  EXPECT_EQ(post.envelopes.size(), 1u);
  builder.on_time(at(10'003us));
  ASSERT_EQ(post.envelopes.size(), 2u);
  EXPECT_EQ(post.envelopes[1].reason, FlushReason::age);
  builder.flush(FlushReason::poll_end);
  EXPECT_EQ(post.envelopes.size(), 2u) << "nothing waits: nothing is sent";
  EXPECT_EQ(name_of(FlushReason::size_cap), "size_cap");
}

TEST(EnvelopeBuilder, a_row_larger_than_the_cap_has_an_envelope_to_itself) {
  Texts texts;
  Post post;
  EnvelopeBuilder builder(protobuf_list_format(), {.rows = 100, .bytes = 200}, post.sink());
  for (std::uint32_t i = 0; i < 3; ++i) builder.add(some_row(texts, i), at(0us));
  builder.flush(FlushReason::shutdown);
  ASSERT_EQ(post.envelopes.size(), 3u);
  EXPECT_EQ(post.envelopes[0].reason, FlushReason::size_cap);
  EXPECT_EQ(post.envelopes[2].reason, FlushReason::shutdown);
  for (const Finished& envelope : post.envelopes) EXPECT_EQ(envelope.rows, 1u);
}

TEST(EnvelopeBuilder, does_not_allocate_for_rows_once_its_buffer_has_grown) {
#ifdef UNCORK_SANITIZED
  GTEST_SUCCEED() << "the sanitizer's own heap has no count; other builds look";
#else
  Texts texts;
  std::vector<Row> rows;
  for (std::uint32_t i = 0; i < 2000; ++i) rows.push_back(some_row(texts, i));
  std::size_t envelopes = 0;
  for (const std::string_view name : {"protobufList", "protobufDelimited"}) {
    EnvelopeBuilder builder(make_format(name).value(), {.rows = 500}, [&](const Envelope&) { ++envelopes; });
    const auto look = [&] {
      for (const Row& row : rows) builder.add(row, core::Time{});
      builder.flush(FlushReason::poll_end);
    };
    look();
    const auto before = ::mallinfo2();
    look();
    const auto after = ::mallinfo2();
    EXPECT_EQ(after.uordblks, before.uordblks);
    EXPECT_EQ(after.hblks, before.hblks);
  }
  EXPECT_EQ(envelopes, 16u);
#endif
}

}  // namespace
}  // namespace uncork::record
