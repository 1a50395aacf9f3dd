// The bytes of a spool's file.

#include "collect/spool_segment.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/collect/some_parcel.hpp"

namespace uncork::collect {
namespace {

using testing::number_of;
using testing::some_parcel;

std::string record_of(const sink::Parcel& parcel) {
  const auto heading = record_heading(parcel);
  return std::string(heading.data(), heading.size()) + parcel.bytes;
}

std::vector<std::uint32_t> numbers(const DecodedSegment& segment, std::string_view bytes) {
  std::vector<std::uint32_t> numbers;
  for (const SpooledRecord& record : segment.records) numbers.push_back(number_of(parcel_of(record, bytes)));
  return numbers;
}

TEST(SpoolSegment, gives_back_parcels_as_they_were) {
  const sink::Parcel one{std::string("\x01\x00\xff", 3), 7, sink::Framing::list};
  const sink::Parcel none{"", 0, sink::Framing::whole};
  const std::string bytes = std::string(kSegmentHeading) + record_of(one) + record_of(none);
  const DecodedSegment segment = decode_segment(bytes);
  ASSERT_EQ(segment.records.size(), 2U);
  EXPECT_EQ(parcel_of(segment.records[0], bytes), one);
  EXPECT_EQ(parcel_of(segment.records[1], bytes), none);
  EXPECT_EQ(segment.torn_bytes + segment.damaged_bytes, 0U);
}

TEST(SpoolSegment, cut_at_any_byte_loses_the_cut_parcel_alone) {
  std::string bytes(kSegmentHeading);
  std::vector<std::size_t> ends;
  for (std::uint32_t i = 0; i < 4; ++i) {
    bytes += record_of(some_parcel(i, 30 + i));
    ends.push_back(bytes.size());
  }
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string_view cut = std::string_view(bytes).substr(0, size);
    const DecodedSegment segment = decode_segment(cut);
    std::vector<std::uint32_t> whole;
    while (whole.size() < ends.size() && ends[whole.size()] <= size) whole.push_back(static_cast<std::uint32_t>(whole.size()));
    EXPECT_EQ(numbers(segment, cut), whole) << size;
    EXPECT_EQ(segment.damaged_bytes, 0U) << size;
  }
}

TEST(SpoolSegment, any_damaged_byte_loses_one_parcel_at_most) {
  std::string bytes(kSegmentHeading);
  for (std::uint32_t i = 0; i < 3; ++i) bytes += record_of(some_parcel(i));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    const DecodedSegment segment = decode_segment(damaged);
    EXPECT_GE(segment.records.size(), 2U) << at;
    std::size_t sum = segment.torn_bytes + segment.damaged_bytes;
    for (const SpooledRecord& record : segment.records) sum += kRecordHeading + record.size;
    EXPECT_LE(sum, damaged.size()) << at;
    EXPECT_GE(sum + kSegmentHeading.size(), damaged.size()) << at;
  }
}

TEST(SpoolSegment, what_a_parcel_says_is_never_taken_for_a_record) {
  const std::string inner = record_of(some_parcel(1));
  const std::string outer = record_of({inner + inner, 1, sink::Framing::whole});
  const std::string bytes = std::string(kSegmentHeading) + outer;
  EXPECT_EQ(decode_segment(bytes).records.size(), 1U);
}

}  // namespace
}  // namespace uncork::collect
