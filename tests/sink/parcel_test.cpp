// Parcels cut between rows.

#include "sink/outlet/parcel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "record/envelope.hpp"
#include "record/format.hpp"
#include "record/row.hpp"

namespace uncork::sink {
namespace {

/// An envelope of that many rows, as the formats write it.
Parcel parcel_of(const std::string& format, std::size_t rows) {
  Parcel parcel{.framing = framing_of(format)};
  record::EnvelopeBuilder builder(*record::make_format(format), {}, [&](const record::Envelope& envelope) {
    parcel.bytes = envelope.bytes;
    parcel.rows = static_cast<std::uint32_t>(envelope.rows);
  });
  for (std::size_t i = 0; i < rows; ++i) {
    record::Row row;
    row.sequence = i + 1;
    builder.add(row, core::Time{});
  }
  builder.flush(record::FlushReason::poll_end);
  return parcel;
}

/// The bytes of the rows alone, one after the other.
std::string rows_alone(const std::vector<Parcel>& parcels) {
  std::string all;
  for (const Parcel& parcel : parcels) {
    for (const RowBounds& row : rows_of(parcel.bytes, parcel.framing)) all += parcel.bytes.substr(row.begin, row.end - row.begin);
  }
  return all;
}

RC_GTEST_PROP(Parcel, is_cut_into_envelopes_that_fit_and_have_the_same_rows_in_order, ()) {
  const auto format = *rc::gen::element<std::string>("jsonl", "protobufList", "protobufDelimited");
  const Parcel parcel = parcel_of(format, *rc::gen::inRange<std::size_t>(1, 60));
  const std::size_t largest_row = parcel.bytes.size() / parcel.rows + 10;
  const std::size_t most = largest_row + *rc::gen::inRange<std::size_t>(0, 4'000);
  const auto parts = cut(parcel, most);
  RC_ASSERT(parts.has_value());
  std::size_t rows = 0;
  for (const Parcel& part : *parts) {
    RC_ASSERT(part.bytes.size() <= most);
    RC_ASSERT(part.framing == parcel.framing);
    RC_ASSERT(rows_of(part.bytes, part.framing).size() == part.rows);
    RC_ASSERT(whole_length(part.bytes, part.framing) == part.bytes.size());
    rows += part.rows;
  }
  RC_ASSERT(rows == parcel.rows);
  RC_ASSERT(rows_alone(*parts) == rows_alone({parcel}));
}

TEST(Parcel, that_fits_stays_as_it_is) {
  const Parcel parcel = parcel_of("protoJson", 3);
  const auto parts = cut(parcel, parcel.bytes.size());
  ASSERT_TRUE(parts);
  EXPECT_THAT(*parts, ::testing::ElementsAre(parcel));
}

TEST(Parcel, that_cannot_be_cut_says_why) {
  const auto whole = cut(parcel_of("protoJson", 3), 10);
  ASSERT_FALSE(whole);
  EXPECT_THAT(whole.error().message, ::testing::HasSubstr("the format does not show where one ends"));
  const auto row = cut(parcel_of("jsonl", 3), 10);
  ASSERT_FALSE(row);
  EXPECT_THAT(row.error().message, ::testing::HasSubstr("is larger than the most that can be sent at once, 10 bytes"));
  EXPECT_FALSE(cut({"no newline at the end", 1, Framing::lines}, 10));
}

TEST(Parcel, what_was_cut_off_in_the_middle_is_not_whole) {
  for (const char* format : {"jsonl", "protobufList", "protobufDelimited"}) {
    const Parcel one = parcel_of(format, 1);
    const std::string two = one.bytes + one.bytes;
    for (std::size_t size = 0; size <= two.size(); ++size) {
      const std::size_t whole = size / one.bytes.size() * one.bytes.size();
      EXPECT_EQ(whole_length(std::string_view(two).substr(0, size), one.framing), whole) << format << " " << size;
    }
  }
}

}  // namespace
}  // namespace uncork::sink
