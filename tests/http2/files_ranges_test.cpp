// The Range field, against files of various sizes.

#include <gmock/gmock.h>

#include <ostream>
#include <string>

#include "http2/files/byte_ranges.hpp"

namespace uncork::http2 {

void PrintTo(const RangeChoice& choice, std::ostream* out) {
  *out << (choice.outcome == RangeOutcome::whole  ? "whole"
           : choice.outcome == RangeOutcome::part ? "part"
                                                  : "unsatisfiable")
       << " " << choice.part.offset << "+" << choice.part.length;
}

namespace {

constexpr RangeChoice kWhole{};
constexpr RangeChoice kUnsatisfiable{RangeOutcome::unsatisfiable, {}};
constexpr RangeChoice part(std::uint64_t offset, std::uint64_t length) { return {RangeOutcome::part, {offset, length}}; }

TEST(ByteRanges, are_cut_at_the_end_of_the_file) {
  EXPECT_EQ(choose_range("bytes=0-0", 100), part(0, 1));
  EXPECT_EQ(choose_range("bytes=10-19", 100), part(10, 10));
  EXPECT_EQ(choose_range("bytes=10-", 100), part(10, 90));
  EXPECT_EQ(choose_range("bytes=99-", 100), part(99, 1));
  EXPECT_EQ(choose_range("bytes=90-100", 100), part(90, 10));
  EXPECT_EQ(choose_range("bytes=0-", 100), part(0, 100));
  EXPECT_EQ(choose_range("bytes=-1", 100), part(99, 1));
  EXPECT_EQ(choose_range("bytes=-100", 100), part(0, 100));
  EXPECT_EQ(choose_range("bytes=-101", 100), part(0, 100));
}

TEST(ByteRanges, behind_the_end_are_not_satisfiable) {
  EXPECT_EQ(choose_range("bytes=100-", 100), kUnsatisfiable);
  EXPECT_EQ(choose_range("bytes=100-200", 100), kUnsatisfiable);
  EXPECT_EQ(choose_range("bytes=-0", 100), kUnsatisfiable);
  EXPECT_EQ(choose_range("bytes=-0,100-", 100), kUnsatisfiable);
  EXPECT_EQ(choose_range("bytes=0-", 0), kUnsatisfiable);
  EXPECT_EQ(choose_range("bytes=-0", 0), kUnsatisfiable);
}

TEST(ByteRanges, of_the_last_bytes_of_an_empty_file_are_all_of_it) { EXPECT_EQ(choose_range("bytes=-5", 0), kWhole); }

TEST(ByteRanges, with_numbers_beyond_64_bits_do_not_wrap) {
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 62U;
  EXPECT_EQ(choose_range("bytes=0-18446744073709551615", 100), part(0, 100));
  EXPECT_EQ(choose_range("bytes=0-18446744073709551616", 100), part(0, 100));
  EXPECT_EQ(choose_range("bytes=18446744073709551616-", 100), kUnsatisfiable);
  EXPECT_EQ(choose_range("bytes=18446744073709551617-18446744073709551618", 100), kUnsatisfiable);
  EXPECT_EQ(choose_range("bytes=-99999999999999999999999999999999", kHuge), part(0, kHuge));
  EXPECT_EQ(choose_range("bytes=1-" + std::string(5000, '9'), kHuge), part(1, kHuge - 1));
}

TEST(ByteRanges, of_another_unit_or_malformed_are_ignored) {
  for (const char* text : {"",
                           "bytes",
                           "bytes=",
                           "bytes=,",
                           "bytes= , ,",
                           "lines=0-1",
                           "bytes 0-1",
                           "bytes =0-1",
                           "bytes=1",
                           "bytes=-",
                           "bytes=--1",
                           "bytes=1-0",
                           "bytes=a-b",
                           "bytes=0x1-2",
                           "bytes=+1-2",
                           "bytes=1 - 2",
                           "bytes=0-1;2-3",
                           "bytes=0-1-2",
                           "bytes=0-1,x",
                           "bytes=0-1, bytes=2-3",
                           "bytes=0-1\xff",
                           "=0-1"}) {
    EXPECT_EQ(choose_range(text, 100), kWhole) << text;
  }
}

TEST(ByteRanges, unit_has_no_case_and_lists_may_have_blanks_and_gaps) {
  EXPECT_EQ(choose_range("Bytes=1-2", 100), part(1, 2));
  EXPECT_EQ(choose_range(" bytes=1-2 ", 100), part(1, 2));
  EXPECT_EQ(choose_range("bytes=, 1-2 ,\t3-4,", 100), part(1, 4));
}

TEST(ByteRanges, that_overlap_or_adjoin_become_one) {
  EXPECT_EQ(choose_range("bytes=0-9,10-19", 100), part(0, 20));
  EXPECT_EQ(choose_range("bytes=10-19,0-9", 100), part(0, 20));
  EXPECT_EQ(choose_range("bytes=0-50,10-20", 100), part(0, 51));
  EXPECT_EQ(choose_range("bytes=0-50,10-20,51-51", 100), part(0, 52));
  EXPECT_EQ(choose_range("bytes=50-,-60", 100), part(40, 60));
  EXPECT_EQ(choose_range("bytes=0-0,200-", 100), part(0, 1));  // the second is not in the file
}

TEST(ByteRanges, with_a_gap_are_answered_with_the_whole_file) {
  EXPECT_EQ(choose_range("bytes=0-9,11-19", 100), kWhole);
  EXPECT_EQ(choose_range("bytes=0-0,-1", 100), kWhole);
}

TEST(ByteRanges, are_so_many_and_no_more) {
  std::string text = "bytes=0-0";
  for (std::size_t i = 1; i < kMostRanges; ++i) text += ",0-0";
  EXPECT_EQ(choose_range(text, 100), part(0, 1));
  EXPECT_EQ(choose_range(text + ",0-0", 100), kWhole);
  EXPECT_EQ(choose_range(text + ",500-", 100), kWhole);
}

}  // namespace
}  // namespace uncork::http2
