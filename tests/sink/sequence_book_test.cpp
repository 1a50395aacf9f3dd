// What the numbers of rows prove.

#include "sink/verify/sequence_book.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace uncork::sink {
namespace {

/// Row `number` of a run that began at that time; rows of later numbers are later.
RowMark row(std::uint64_t number, std::int64_t begun = 0) {
  return {.boot_id = "b", .timestamp_ns = begun + static_cast<std::int64_t>(number), .sequence = 1, .row_number = number};
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps_of(const sink::Run& run) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;
  for (const auto& [first, gap] : run.gaps) gaps.emplace_back(gap.first, gap.last);
  return gaps;
}

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST(SequenceBook, rows_one_after_the_other_are_whole) {
  SequenceBook book;
  for (std::uint64_t i = 5; i < 100; ++i) book.add(row(i), 0);
  ASSERT_EQ(book.runs().size(), 1U);
  EXPECT_TRUE(book.runs()[0].gaps.empty());
  EXPECT_TRUE(book.runs()[0].oddities.empty());
  EXPECT_EQ(book.runs()[0].first, 5U);
}

TEST(SequenceBook, a_gap_names_its_numbers_and_the_row_behind_it) {
  SequenceBook book;
  book.add(row(1), 0);
  RowMark behind = row(5);
  behind.offset = 77;
  book.add(behind, 2);
  const sink::Run& run = book.runs()[0];
  EXPECT_EQ(gaps_of(run), (Ranges{{2, 4}}));
  EXPECT_EQ(run.gaps.begin()->second.shown_by.file, 2U);
  EXPECT_EQ(run.gaps.begin()->second.shown_by.offset, 77U);
}

TEST(SequenceBook, rows_that_come_late_fill_their_gap_and_rows_that_come_again_are_told) {
  SequenceBook book;
  for (const std::uint64_t number : {1U, 2U, 6U, 4U, 1U, 2U, 7U}) book.add(row(number), 0);
  const sink::Run& run = book.runs()[0];
  EXPECT_EQ(gaps_of(run), (Ranges{{3, 3}, {5, 5}}));
  ASSERT_EQ(run.oddities.size(), 2U);
  EXPECT_EQ(run.oddities[0].kind, Oddity::Kind::late);
  EXPECT_EQ(run.oddities[1].kind, Oddity::Kind::again);
  EXPECT_EQ(run.oddities[1].first, 1U);
  EXPECT_EQ(run.oddities[1].last, 2U);
}

TEST(SequenceBook, a_program_that_was_started_again_counts_anew) {
  SequenceBook book;
  for (std::uint64_t i = 1; i < 4; ++i) book.add(row(i), 0);
  for (std::uint64_t i = 1; i < 6; ++i) book.add(row(i, 1000), 1);
  ASSERT_EQ(book.runs().size(), 2U);
  EXPECT_EQ(book.runs()[0].rows, 3U);
  EXPECT_EQ(book.runs()[1].rows, 5U);
  EXPECT_TRUE(book.runs()[1].oddities.empty());
}

TEST(SequenceBook, a_clock_that_is_set_makes_no_run_and_no_gap) {
  SequenceBook book;
  for (std::uint64_t i = 1; i < 4; ++i) book.add(row(i, 3'600'000'000'000), 0);
  for (std::uint64_t i = 4; i < 9; ++i) book.add(row(i), 0);
  for (std::uint64_t i = 9; i < 12; ++i) book.add(row(i, 7'200'000'000'000), 0);
  ASSERT_EQ(book.runs().size(), 1U);
  EXPECT_TRUE(book.runs()[0].gaps.empty());
  EXPECT_TRUE(book.runs()[0].oddities.empty());
}

TEST(SequenceBook, machines_are_kept_apart_by_their_boots) {
  SequenceBook book;
  for (std::uint64_t i = 1; i < 10; ++i) {
    for (const char* boot : {"a", "b", "c"}) {
      RowMark mark = row(i);
      mark.boot_id = boot;
      book.add(mark, 0);
    }
  }
  EXPECT_EQ(book.runs().size(), 3U);
}

TEST(SequenceBook, rows_without_numbers_are_proved_by_their_looks) {
  SequenceBook book;
  for (const std::uint64_t look : {1U, 1U, 1U, 2U, 2U, 4U, 4U, 5U}) {
    book.add({.boot_id = "b", .timestamp_ns = static_cast<std::int64_t>(look), .sequence = look}, 0);
  }
  const sink::Run& run = book.runs()[0];
  EXPECT_FALSE(run.by_rows);
  EXPECT_EQ(gaps_of(run), (Ranges{{3, 3}}));
  EXPECT_TRUE(run.oddities.empty());
}

TEST(SequenceBook, rows_that_say_nothing_are_counted_apart) {
  SequenceBook book;
  book.add({.boot_id = "b"}, 0);
  book.add({.sequence = 1}, 0);
  EXPECT_EQ(book.unnumbered(), 2U);
  EXPECT_TRUE(book.runs().empty());
}

RC_GTEST_PROP(SequenceBook, what_is_missing_is_what_was_taken_away_in_whatever_order_the_rest_comes, ()) {
  auto there = *rc::gen::unique<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 60));
  RC_PRE(!there.empty());
  SequenceBook book;
  for (const std::uint64_t number : there) {
    RowMark mark = row(number);
    mark.timestamp_ns = 1;
    book.add(mark, 0);
  }
  std::sort(there.begin(), there.end());
  std::vector<std::uint64_t> missing;
  for (std::uint64_t i = there.front(); i < there.back(); ++i) {
    if (!std::binary_search(there.begin(), there.end(), i)) missing.push_back(i);
  }
  std::vector<std::uint64_t> told;
  for (const auto& [first, gap] : book.runs().at(0).gaps) {
    for (std::uint64_t i = gap.first; i <= gap.last; ++i) told.push_back(i);
  }
  RC_ASSERT(told == missing);
  RC_ASSERT(book.runs().size() == 1U);
}

}  // namespace
}  // namespace uncork::sink
