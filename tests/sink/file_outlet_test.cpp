// Rows in files: rotation, compression, full disks, crashes.

#include "sink/outlet/file_outlet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sink/verify/row_file.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::sink {
namespace {

using cure::testing::ScratchDirectory;
using ::testing::HasSubstr;
using Kind = Delivery::Kind;

Destination in(const ScratchDirectory& folder, const std::string& name, std::uint64_t most = 1'000'000) {
  return {.kind = Destination::Kind::file, .path = folder.path() + "/" + name, .most_bytes = most};
}

Parcel row(std::uint64_t number) {
  return {R"({"bootId":"b","rowNumber":)" + std::to_string(number) + R"(,"timestampNs":1})" + "\n", 1, Framing::lines};
}

std::vector<std::string> files_in(const ScratchDirectory& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// The numbers of all rows in all files, in the order of their names; so many of which end in the middle.
std::vector<std::uint64_t> numbers_in(const ScratchDirectory& folder, int expected_tails = 0) {
  std::vector<std::uint64_t> numbers;
  int tails = 0;
  for (const std::string& file : files_in(folder)) {
    const auto end = read_row_file(file, [&](const RowMark& mark) { numbers.push_back(mark.row_number); });
    EXPECT_TRUE(end) << (end ? "" : end.error().message);
    if (end) tails += end->tail ? 1 : 0;
  }
  EXPECT_EQ(tails, expected_tails);
  return numbers;
}

std::vector<std::uint64_t> up_to(std::uint64_t end) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 1; i <= end; ++i) numbers.push_back(i);
  return numbers;
}

void write_rows(FileOutlet& outlet, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t i = first; i <= last; ++i) ASSERT_EQ(outlet.deliver(row(i), {}).kind, Kind::delivered);
}

TEST(FileOutlet, a_full_file_takes_a_name_that_sorts_by_time_and_another_one_begins) {
  for (const char* name : {"rows.jsonl", "rows.jsonl.zst"}) {
    const ScratchDirectory folder;
    FileOutlet outlet(in(folder, name, 200));
    write_rows(outlet, 1, 20);
    EXPECT_TRUE(outlet.flush({}));
    EXPECT_GT(files_in(folder).size(), 3U) << name;
    EXPECT_EQ(files_in(folder).back(), folder.path() + "/" + name);
    EXPECT_EQ(numbers_in(folder), up_to(20)) << name;
  }
}

TEST(FileOutlet, an_old_file_gives_way_however_small_it_is) {
  const ScratchDirectory folder;
  Destination destination = in(folder, "rows.jsonl");
  destination.most_age = core::Micros(1);
  FileOutlet outlet(destination);
  write_rows(outlet, 1, 1);
  ::usleep(10);
  write_rows(outlet, 2, 2);
  EXPECT_EQ(files_in(folder).size(), 2U);
}

TEST(FileOutlet, goes_on_in_the_file_of_an_earlier_run) {
  const ScratchDirectory folder;
  for (const std::uint64_t first : {1U, 3U}) {
    FileOutlet outlet(in(folder, "rows.jsonl.zst"));
    write_rows(outlet, first, first + 1);
    EXPECT_EQ(outlet.take_notice(), "");
  }
  EXPECT_EQ(files_in(folder).size(), 1U);
  EXPECT_EQ(numbers_in(folder), up_to(4));
}

TEST(FileOutlet, a_tail_that_a_crash_left_is_set_aside_and_told_once) {
  for (const char* name : {"rows.jsonl", "rows.jsonl.zst"}) {
    const ScratchDirectory folder;
    const Destination destination = in(folder, name);
    {
      FileOutlet outlet(destination);
      write_rows(outlet, 1, 3);
    }
    std::filesystem::resize_file(destination.path, std::filesystem::file_size(destination.path) - 5);
    FileOutlet outlet(destination);
    write_rows(outlet, 3, 5);
    EXPECT_THAT(outlet.take_notice(), HasSubstr("does not end with a whole parcel"));
    EXPECT_EQ(outlet.take_notice(), "");
    EXPECT_EQ(files_in(folder).size(), 2U);
    EXPECT_EQ(numbers_in(folder, 1), up_to(5)) << name;
  }
}

TEST(FileOutlet, a_file_that_was_moved_away_begins_again) {
  const ScratchDirectory folder;
  const Destination destination = in(folder, "rows.jsonl");
  FileOutlet outlet(destination);
  write_rows(outlet, 1, 2);
  std::filesystem::rename(destination.path, folder.path() + "/a");
  write_rows(outlet, 3, 4);
  EXPECT_EQ(numbers_in(folder), up_to(4));
}

TEST(FileOutlet, a_parcel_that_a_full_disk_takes_in_part_is_taken_back_and_comes_again) {
  const ScratchDirectory folder;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    FileOutlet outlet(in(folder, "rows.jsonl"));
    const rlimit small{100, 1'000'000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    if (outlet.deliver(row(1), {}).kind != Kind::delivered || outlet.deliver(row(2), {}).kind != Kind::delivered) ::_exit(1);
    const Delivery full = outlet.deliver(row(3), {});
    if (full.kind != Kind::not_now || full.why.find("File too large") == std::string::npos) ::_exit(2);
    const rlimit large{1'000'000, 1'000'000};
    ::setrlimit(RLIMIT_FSIZE, &large);
    ::_exit(outlet.deliver(row(3), {}).kind == Kind::delivered ? 0 : 3);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(numbers_in(folder), up_to(3));
}

TEST(FileOutlet, what_is_no_file_and_what_another_process_writes_is_told) {
  FileOutlet device({.kind = Destination::Kind::file, .path = "/dev/null"});
  EXPECT_THAT(device.deliver(row(1), {}).why, HasSubstr("/dev/null is not a plain file"));
  FileOutlet nowhere({.kind = Destination::Kind::file, .path = "/proc/nosuch/x"});
  EXPECT_THAT(nowhere.deliver(row(1), {}).why, HasSubstr("/proc/nosuch/x"));
  const ScratchDirectory folder;
  FileOutlet first(in(folder, "rows.jsonl"));
  FileOutlet second(in(folder, "rows.jsonl"));
  write_rows(first, 1, 1);
  const Delivery refused = second.deliver(row(2), {});
  EXPECT_EQ(refused.kind, Kind::not_now);
  EXPECT_THAT(refused.why, HasSubstr("another process seems to write"));
}

}  // namespace
}  // namespace uncork::sink
