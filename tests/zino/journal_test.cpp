// The bytes of the journal.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/zino/fixture.hpp"
#include "zino/journal/journal_codec.hpp"

namespace uncork::zino {
namespace {

const std::string kBase(40, 'a');

std::vector<Change> some_changes() {
  const Timestamp at = testing::kNow;
  return {{at, "user1", SetState{5, "working"}},
          {at, "ford", AddHistory{1, "øl\n\u2028\x01 \"quoted\""}},
          {at, "u", ClearFlap{"example-gw", 1}},
          {at, "u", AddMaintenance{at, at + std::chrono::hours(1), "portstate", "intf-regexp", "gw", "ge"}},
          {at, "u", AddMaintenance{at, at + std::chrono::hours(1), "device", "exact", std::nullopt, "gw"}},
          {at, "u", CancelMaintenance{1}},
          {at, "u", LogMaintenance{2, "text"}},
          {at, "", RunMaintenance{}},
          {at, "", Scavenge{{7, 8}}},
          {at, "", CloseDuplicates{}}};
}

std::string journal_of(const std::vector<Change>& changes) {
  std::string bytes = journal_header(kBase);
  for (const Change& change : changes) bytes += journal_record(change);
  return bytes;
}

TEST(Journal, gives_every_kind_of_change_back) {
  const auto decoded = decode_journal(journal_of(some_changes()));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->base, kBase);
  EXPECT_EQ(decoded->changes, some_changes());
  EXPECT_EQ(decoded->torn_bytes, 0U);
}

TEST(Journal, cut_at_any_byte_keeps_every_whole_record_and_counts_the_rest) {
  const auto changes = some_changes();
  const std::string whole = journal_of(changes);
  std::vector<std::size_t> ends = {journal_header(kBase).size()};
  for (const Change& change : changes) ends.push_back(ends.back() + journal_record(change).size());
  for (std::size_t size = ends.front(); size <= whole.size(); ++size) {
    const auto decoded = decode_journal(std::string_view(whole).substr(0, size));
    ASSERT_TRUE(decoded) << size;
    std::size_t records = 0;
    while (records + 1 < ends.size() && ends[records + 1] <= size) ++records;
    EXPECT_EQ(decoded->changes.size(), records) << size;
    EXPECT_EQ(decoded->good_bytes, ends[records]) << size;
    EXPECT_EQ(decoded->torn_bytes, size - ends[records]) << size;
  }
}

TEST(Journal, a_flipped_bit_in_the_last_record_is_a_torn_tail) {
  const std::string whole = journal_of(some_changes());
  const std::size_t last = whole.size() - journal_record(some_changes().back()).size();
  for (std::size_t at = last; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    const auto decoded = decode_journal(bytes);
    ASSERT_TRUE(decoded) << at;
    EXPECT_EQ(decoded->changes.size(), some_changes().size() - 1) << at;
    EXPECT_EQ(decoded->torn_bytes, whole.size() - last) << at;
  }
}

TEST(Journal, a_flipped_bit_in_any_record_but_the_last_costs_that_record_alone) {
  const auto changes = some_changes();
  const std::string whole = journal_of(changes);
  std::size_t begin = journal_header(kBase).size();
  for (std::size_t lost = 0; lost + 1 < changes.size(); ++lost) {
    const std::size_t size = journal_record(changes[lost]).size();
    auto expected = changes;
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(lost));
    for (std::size_t at = begin; at < begin + size; ++at) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ 4);
      const auto decoded = decode_journal(bytes);
      ASSERT_TRUE(decoded) << at;
      EXPECT_EQ(decoded->changes, expected) << at;
      EXPECT_EQ(decoded->damaged_at, begin) << at;
      EXPECT_EQ(decoded->damaged_bytes, size) << at;
      EXPECT_EQ(decoded->good_bytes, whole.size() - size) << at;
      EXPECT_EQ(decoded->torn_bytes, 0U) << at;
    }
    begin += size;
  }
}

TEST(Journal, a_header_that_is_none_is_an_error) {
  EXPECT_FALSE(decode_journal(""));
  EXPECT_FALSE(decode_journal(std::string(200, '\0')));
  EXPECT_EQ(decode_journal("something else").error().message, "byte 0: no journal header");
}

TEST(Change, errors_name_the_key) {
  EXPECT_EQ(parse_change(R"({"at":1,"user":"u","change":"set_state","state":"open"})").error().message,
            "'id' is missing or of the wrong kind");
  EXPECT_EQ(parse_change(R"({"at":1,"user":"u","change":"dance"})").error().message, "'change' is missing or of the wrong kind");
  EXPECT_EQ(parse_change("[]").error().message, "not a JSON object");
}

}  // namespace
}  // namespace uncork::zino
