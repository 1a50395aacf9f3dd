// The spool on disk.

#include "collect/spool.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/collect/some_parcel.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::collect {
namespace {

using cure::testing::ScratchDirectory;
using testing::number_of;
using testing::some_parcel;

SpoolOptions in(const ScratchDirectory& folder, std::uint64_t most = 1'000'000) {
  return {.folder = folder.path() + "/spool", .most_bytes = most};
}

Spool opened(const SpoolOptions& options) {
  auto spool = Spool::open(options);
  if (!spool) throw std::runtime_error(spool.error().message);
  return std::move(*spool);
}

std::vector<std::uint32_t> drained(Spool& spool) {
  std::vector<std::uint32_t> numbers;
  while (const auto parcel = spool.front()) {
    numbers.push_back(number_of(*parcel));
    EXPECT_TRUE(spool.pop());
  }
  return numbers;
}

std::vector<std::uint32_t> up_to(std::uint32_t end) {
  std::vector<std::uint32_t> numbers;
  for (std::uint32_t i = 0; i < end; ++i) numbers.push_back(i);
  return numbers;
}

std::vector<std::filesystem::path> files_of(const SpoolOptions& options) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(options.folder)) {
    if (entry.path().extension() == ".spool") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(Spool, gives_parcels_back_in_order_and_leaves_no_file_behind) {
  const ScratchDirectory folder;
  Spool spool = opened(in(folder, 4'000));
  for (std::uint32_t i = 0; i < 50; ++i) ASSERT_TRUE(spool.push(some_parcel(i)));
  EXPECT_EQ(spool.waiting().parcels, 50U);
  EXPECT_EQ(spool.waiting().rows, 100U);
  EXPECT_EQ(drained(spool), up_to(50));
  EXPECT_EQ(spool.waiting(), Tally{});
  EXPECT_EQ(spool.bytes_on_disk(), 0U);
  EXPECT_TRUE(files_of(in(folder)).empty());
}

TEST(Spool, what_was_pushed_and_not_taken_out_is_there_when_it_is_opened_again) {
  const ScratchDirectory folder;
  {
    Spool spool = opened(in(folder, 5'000));
    for (std::uint32_t i = 0; i < 40; ++i) ASSERT_TRUE(spool.push(some_parcel(i)));
    for (std::uint32_t i = 0; i < 7; ++i) {
      ASSERT_EQ(number_of(*spool.front()), i);
      ASSERT_TRUE(spool.pop());
    }
  }
  Spool again = opened(in(folder, 5'000));
  EXPECT_EQ(again.waiting().parcels, 33U);
  ASSERT_TRUE(again.push(some_parcel(40)));
  for (std::uint32_t i = 7; i <= 40; ++i) {
    ASSERT_EQ(number_of(*again.front()), i);
    ASSERT_TRUE(again.pop());
  }
  EXPECT_FALSE(again.front());
  EXPECT_EQ(again.losses().torn_tails, 0U);
}

RC_GTEST_PROP(Spool, any_mix_of_pushes_pops_and_restarts_is_a_queue, ()) {
  const ScratchDirectory folder;
  const auto segment = *rc::gen::inRange<std::uint64_t>(1, 400);
  const SpoolOptions options{.folder = folder.path(), .most_bytes = 1'000'000, .segment_bytes = segment};
  std::optional<Spool> spool = opened(options);
  std::deque<std::uint32_t> expected;
  std::uint32_t next = 0;
  for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10))) {
    if (step < 5) {
      RC_ASSERT(spool->push(some_parcel(next, 20 + next % 90)).has_value());
      expected.push_back(next++);
    } else if (step < 9) {
      const auto parcel = spool->front();
      RC_ASSERT(parcel.has_value() == !expected.empty());
      if (!parcel) continue;
      RC_ASSERT(number_of(*parcel) == expected.front());
      RC_ASSERT(spool->pop().has_value());
      expected.pop_front();
    } else {
      spool.reset();  // the lock goes with it
      spool = opened(options);
    }
    RC_ASSERT(spool->waiting().parcels == expected.size());
  }
}

TEST(Spool, a_crash_at_any_byte_of_a_file_loses_the_cut_parcel_alone_and_counts_it) {
  const ScratchDirectory folder;
  const SpoolOptions options = in(folder);
  {
    Spool spool = opened(options);
    for (std::uint32_t i = 0; i < 4; ++i) ASSERT_TRUE(spool.push(some_parcel(i)));
  }
  ASSERT_EQ(files_of(options).size(), 1U);
  const auto file = files_of(options).front();
  std::ifstream in_file(file, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in_file), {}};
  const std::size_t record = kRecordHeading + some_parcel(0).bytes.size();
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    std::filesystem::remove(options.folder + "/position");  // it says that this file was dealt with
    std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    Spool spool = opened(options);
    const std::size_t records = size < kSegmentHeading.size() ? 0 : (size - kSegmentHeading.size()) / record;
    const bool is_torn = size != 0 && size != kSegmentHeading.size() + records * record;
    EXPECT_EQ(spool.losses().torn_tails, is_torn ? 1U : 0U) << size;
    EXPECT_EQ(drained(spool), up_to(static_cast<std::uint32_t>(records))) << size;
    ASSERT_TRUE(spool.push(some_parcel(9))) << size;  // and it goes on
    EXPECT_EQ(drained(spool), (std::vector<std::uint32_t>{9})) << size;
  }
}

TEST(Spool, killed_while_it_is_written_keeps_what_it_said_yes_to) {
  const ScratchDirectory folder;
  const SpoolOptions options = in(folder, 50'000'000);
  int said[2];
  ASSERT_EQ(::pipe(said), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Spool spool = opened(options);
    for (std::uint32_t i = 0; i < 100'000; ++i) {
      if (!spool.push(some_parcel(i, 2'000)) || ::write(said[1], &i, sizeof i) != sizeof i) ::_exit(1);
    }
    ::_exit(0);
  }
  ::close(said[1]);
  std::uint32_t last = 0;
  while (last < 300) ASSERT_EQ(::read(said[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  while (::read(said[0], &last, sizeof last) == sizeof last) continue;
  ::close(said[0]);
  Spool spool = opened(options);
  const std::vector<std::uint32_t> numbers = drained(spool);
  EXPECT_EQ(numbers, up_to(static_cast<std::uint32_t>(numbers.size())));
  EXPECT_GT(numbers.size(), last);  // one more may be whole that nobody was told of
}

TEST(Spool, at_its_limit_the_oldest_file_goes_and_is_counted_to_the_parcel) {
  const ScratchDirectory folder;
  const SpoolOptions options = in(folder, 3'200);  // files of 200 bytes: two parcels
  Spool spool = opened(options);
  for (std::uint32_t i = 0; i < 200; ++i) ASSERT_TRUE(spool.push(some_parcel(i)));
  const Tally lost = spool.losses().by_limit;
  EXPECT_GT(lost.parcels, 100U);
  EXPECT_EQ(lost.rows, 2 * lost.parcels);
  EXPECT_EQ(lost.bytes, 40 * lost.parcels);
  EXPECT_EQ(lost.parcels + spool.waiting().parcels, 200U);
  EXPECT_LE(spool.bytes_on_disk(), 3'200U);
  std::uint64_t on_disk = 0;
  for (const auto& file : files_of(options)) on_disk += std::filesystem::file_size(file);
  EXPECT_EQ(on_disk, spool.bytes_on_disk());
  const std::vector<std::uint32_t> numbers = drained(spool);
  EXPECT_EQ(numbers.front(), lost.parcels);
  EXPECT_EQ(numbers.back(), 199U);
}

TEST(Spool, a_parcel_larger_than_all_of_it_is_refused_and_nothing_goes_for_it) {
  const ScratchDirectory folder;
  Spool spool = opened(in(folder, 1'000));
  ASSERT_TRUE(spool.push(some_parcel(0)));
  EXPECT_FALSE(spool.push(some_parcel(1, 2'000)));
  EXPECT_EQ(drained(spool), up_to(1));
}

TEST(Spool, is_refused_to_a_second_process) {
  const ScratchDirectory folder;
  const Spool spool = opened(in(folder));
  const auto second = Spool::open(in(folder));
  ASSERT_FALSE(second);
  EXPECT_TRUE(Spool::is_in_use(second.error()));
  EXPECT_NE(second.error().message.find("another process uses it"), std::string::npos);
}

TEST(Spool, a_folder_that_cannot_be_made_is_named) {
  const auto spool = Spool::open({.folder = "/proc/nosuch/spool"});
  ASSERT_FALSE(spool);
  EXPECT_FALSE(Spool::is_in_use(spool.error()));
  EXPECT_NE(spool.error().message.find("/proc/nosuch/spool"), std::string::npos);
}

TEST(Spool, a_full_disk_is_an_error_that_leaves_whole_what_was_there) {
  const ScratchDirectory folder;
  const SpoolOptions options = in(folder, 100'000);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    Spool spool = opened(options);
    const rlimit small{1'000, 1'000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    std::uint32_t kept = 0;
    while (spool.push(some_parcel(kept, 100))) ++kept;  // a file has 6,250 bytes, the disk takes 1,000
    if (spool.push(some_parcel(99, 900)) || spool.push(some_parcel(99, 2'000))) ::_exit(1);
    ::_exit(drained(spool) == up_to(kept) && kept == 7 && spool.push(some_parcel(0, 100)) ? 0 : 2);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  Spool spool = opened(options);
  EXPECT_EQ(drained(spool), up_to(1));
}

TEST(Spool, a_position_that_is_damaged_gives_parcels_twice_and_none_up) {
  const ScratchDirectory folder;
  const SpoolOptions options = in(folder);
  {
    Spool spool = opened(options);
    for (std::uint32_t i = 0; i < 3; ++i) ASSERT_TRUE(spool.push(some_parcel(i)));
    ASSERT_TRUE(spool.front());
    ASSERT_TRUE(spool.pop());
  }
  std::ofstream(options.folder + "/position", std::ios::binary | std::ios::trunc) << "nonsense";
  Spool spool = opened(options);
  EXPECT_EQ(drained(spool), up_to(3));
}

}  // namespace
}  // namespace uncork::collect
