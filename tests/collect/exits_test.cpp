// Which format a destination gets, where its rows wait, and that rows arrive.

#include "collect/exits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cure/scratch_directory.hpp"

namespace uncork::collect {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(FormatOf, follows_the_name_of_a_file) {
  EXPECT_EQ(format_of("file:/x/rows.jsonl", "csv"), "jsonl");
  EXPECT_EQ(format_of("file:/x/rows.jsonl.zst?size=1MB", "csv"), "jsonl");
  EXPECT_EQ(format_of("file:/x/rows.pb.zst", "csv"), "protobufList");
  EXPECT_EQ(format_of("file:/x/rows.txt", "tsv"), "tsv");
  EXPECT_EQ(format_of("file:/x/jsonl", "tsv"), "tsv");
  EXPECT_EQ(format_of("tcp:host.jsonl:80", "tsv"), "tsv");
  EXPECT_EQ(format_of("stdout", "jsonl"), "jsonl");
}

TEST(SpoolFolder, is_another_for_each_destination_and_stays_within_the_spool) {
  EXPECT_NE(spool_folder("/s", "tcp:a:1"), spool_folder("/s", "tcp:a_1"));
  for (const char* destination : {"file:/../../etc/passwd", "tcp:[::1]:80", "http://x/../y"}) {
    const std::string folder = spool_folder("/s", destination);
    EXPECT_THAT(folder, ::testing::StartsWith("/s/"));
    EXPECT_EQ(folder.find('/', 3), std::string::npos) << folder;
  }
}

TEST(Exits, bring_every_row_to_each_destination_in_its_format) {
  const cure::testing::ScratchDirectory scratch;
  Settings settings;
  settings.sinks = {"file:" + scratch.path() + "/a/rows.jsonl", "file:" + scratch.path() + "/b/rows.csv"};
  for (const char* folder : {"/a", "/b"}) std::filesystem::create_directory(scratch.path() + folder);
  auto exits = Exits::open(settings, scratch.path());
  ASSERT_TRUE(exits.has_value()) << exits.error().message;
  constexpr std::size_t kRows = 1000;
  record::Row row;
  for (std::size_t i = 0; i < kRows; ++i) {
    row.row_number = i + 1;
    exits->add(row, core::MonotonicClock::now());
  }
  exits->end_poll();
  EXPECT_THAT(exits->stop(core::MonotonicClock::now() + std::chrono::seconds(30)), IsEmpty());
  for (const auto& [folder, lines] : {std::pair("/a", kRows), std::pair("/b", kRows + 1)}) {
    std::size_t found = 0;
    for (const auto& file : std::filesystem::directory_iterator(scratch.path() + folder)) {
      std::ifstream text(file.path());
      for (std::string line; std::getline(text, line);) ++found;
    }
    EXPECT_EQ(found, lines) << folder;
  }
}

TEST(Exits, begin_each_file_of_csv_with_the_names_of_its_columns) {
  const cure::testing::ScratchDirectory scratch;
  Settings settings;
  settings.sinks = {"file:" + scratch.path() + "/rows.csv?size=1kB"};
  const auto run = [&](int polls) {
    auto exits = Exits::open(settings, "");
    ASSERT_TRUE(exits.has_value()) << exits.error().message;
    for (int i = 0; i < polls; ++i) {
      exits->add(record::Row{}, core::MonotonicClock::now());
      exits->end_poll();
    }
    EXPECT_THAT(exits->stop(core::MonotonicClock::now() + std::chrono::seconds(30)), IsEmpty());
  };
  run(3);
  run(3);
  std::size_t files = 0;
  std::size_t rows = 0;
  for (const auto& file : std::filesystem::directory_iterator(scratch.path())) {
    ++files;
    std::ifstream text(file.path());
    std::string line;
    ASSERT_TRUE(std::getline(text, line));
    EXPECT_THAT(line, HasSubstr("rowNumber,")) << file.path();
    while (std::getline(text, line)) {
      ++rows;
      EXPECT_THAT(line, ::testing::Not(HasSubstr("rowNumber"))) << "once a file";
    }
  }
  EXPECT_EQ(files, 6U) << "a heading alone is larger than a file may be";
  EXPECT_EQ(rows, 6U);
}

TEST(Exits, refuse_what_is_no_destination_by_its_name) {
  Settings settings;
  settings.sinks = {"nowhere"};
  const auto exits = Exits::open(settings, "");
  ASSERT_FALSE(exits.has_value());
  EXPECT_THAT(exits.error().message, HasSubstr("sink 'nowhere'"));
}

TEST(Exits, say_what_could_not_be_delivered_and_keep_it_in_the_spool) {
  const cure::testing::ScratchDirectory scratch;
  Settings settings;
  settings.sinks = {"unix:" + scratch.path() + "/nobody"};
  {
    auto exits = Exits::open(settings, scratch.path());
    ASSERT_TRUE(exits.has_value()) << exits.error().message;
    exits->add(record::Row{}, core::MonotonicClock::now());
    exits->end_poll();
    const auto left = exits->stop(core::MonotonicClock::now() + std::chrono::milliseconds(200));
    ASSERT_THAT(left, SizeIs(1));
    EXPECT_THAT(left.front(), HasSubstr("nobody"));
  }
  const auto again = Exits::open(settings, scratch.path());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->stats().front().courier.spooled.rows, 1U);
}

}  // namespace
}  // namespace uncork::collect
