// Polls that the store refuses: kept, tried again in order, and counted where they were too many.

#include "collect/keeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/probe/privilege.hpp"
#include "tests/sink/some_poll.hpp"

namespace uncork::collect {
namespace {

using sink::testing::some_poll;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// What a store was given, and whether it takes any more.
struct Taken {
  bool refuses = false;
  std::vector<std::uint64_t> sequences;
  std::vector<std::string> commands;  // of the first row of each
};

class FakeStore final : public sink::Store {
 public:
  explicit FakeStore(Taken& taken) : taken_(taken) {}
  core::Result<Added> add(const sink::Poll& poll) override {
    if (taken_.refuses) return core::fail(core::system_error("write store.db", ENOSPC));
    taken_.sequences.push_back(poll.sequence);
    taken_.commands.emplace_back(poll.rows.empty() ? "" : poll.rows.front().command.view());
    return Added::now;
  }
  core::Result<std::uint64_t> last_sequence(std::string_view /*boot_id*/) override { return 0; }
  core::Result<sink::PrunedCounts> pruned() override { return sink::PrunedCounts{}; }
  std::optional<std::string> take_notice() override { return std::nullopt; }

 private:
  Taken& taken_;
};

TEST(Keeper, stores_in_order_what_was_refused_with_the_texts_that_its_rows_had) {
  Taken taken;
  Keeper keeper(std::make_unique<FakeStore>(taken));
  ASSERT_TRUE(keeper.add(some_poll(1).view()).has_value());
  const std::string command = taken.commands.front();
  taken.refuses = true;
  for (std::uint64_t i = 2; i <= 4; ++i) EXPECT_FALSE(keeper.add(some_poll(i).view()).has_value());  // whose texts are gone then
  EXPECT_EQ(keeper.stats().waiting, (PollTally{3, 9}));
  EXPECT_THAT(keeper.take_messages(), IsEmpty());
  taken.refuses = false;
  ASSERT_TRUE(keeper.add(some_poll(5).view()).has_value());
  EXPECT_THAT(taken.sequences, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_FALSE(command.empty());
  for (const std::string& of_row : taken.commands) EXPECT_EQ(of_row, command);
  EXPECT_TRUE(keeper.stats().waiting.empty());
  EXPECT_THAT(keeper.take_messages(), ElementsAre("the store takes polls again: 3 polls (9 rows) that waited are stored"));
}

TEST(Keeper, drops_the_oldest_beyond_its_bound_and_counts_them) {
  Taken taken{.refuses = true, .sequences = {}, .commands = {}};
  constexpr std::size_t kBytes = 10'000'000;
  Keeper keeper(std::make_unique<FakeStore>(taken), kBytes);
  for (std::uint64_t i = 1; i <= 100; ++i) EXPECT_FALSE(keeper.add(some_poll(i, 200).view()).has_value());
  const KeeperStats stats = keeper.stats();
  EXPECT_EQ(stats.waiting.polls + stats.dropped.polls, 100U);
  EXPECT_GT(stats.waiting.polls, 5U);
  EXPECT_GT(stats.dropped.polls, 5U);
  EXPECT_EQ(stats.dropped.rows, 200 * stats.dropped.polls);
  EXPECT_THAT(keeper.take_messages(), ElementsAre(HasSubstr("the oldest are dropped, and counted"))) << "once";
  taken.refuses = false;
  ASSERT_TRUE(keeper.flush().has_value());
  EXPECT_EQ(taken.sequences.front(), stats.dropped.polls + 1);
  EXPECT_EQ(taken.sequences.back(), 100U);
  EXPECT_THAT(keeper.take_messages(), ElementsAre(HasSubstr("were dropped since the start")));
}

TEST(Keeper, catches_up_over_several_polls_after_a_long_outage) {
  Taken taken{.refuses = true, .sequences = {}, .commands = {}};
  Keeper keeper(std::make_unique<FakeStore>(taken));
  for (std::uint64_t i = 1; i <= 150; ++i) EXPECT_FALSE(keeper.add(some_poll(i).view()).has_value());
  taken.refuses = false;
  EXPECT_TRUE(keeper.add(some_poll(151).view()).has_value());
  EXPECT_EQ(keeper.stats().waiting.polls, 51U);
  EXPECT_TRUE(keeper.add(some_poll(152).view()).has_value());
  ASSERT_EQ(taken.sequences.size(), 152U);
  for (std::uint64_t i = 0; i < 152; ++i) EXPECT_EQ(taken.sequences[i], i + 1);
}

/// Runs `body` in a process of its own, as it changes what a whole process sees; its word is what it returns.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum Word : std::uint8_t { right, no_setup, no_failure, no_recovery, lost_something };

/// Fills the small disk, lets three polls wait, and makes the disk larger.
Word outlives_a_full_disk(const std::string& path, const std::string& disk) {
  auto store = sink::Store::open({path, {}});
  if (!store) return no_setup;
  Keeper keeper(std::move(*store));
  std::uint64_t polls = 0;
  while (keeper.stats().waiting.polls < 3 && polls < 1000)
    static_cast<void>(keeper.add(some_poll(++polls, 200).view()).has_value());
  if (keeper.stats().waiting.polls != 3) return no_failure;
  if (::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m") != 0) return no_setup;
  if (!keeper.add(some_poll(++polls, 200).view()) || !keeper.stats().waiting.empty()) return no_recovery;
  auto database = sink::open_to_read(path);
  if (!database) return lost_something;
  const auto expected = static_cast<std::int64_t>(polls);
  const bool whole = database->number("SELECT count(*) FROM polls") == expected &&
                     database->number("SELECT max(sequence) FROM polls") == expected &&
                     database->number("SELECT count(*) FROM rows WHERE command != ''") == expected * 200 &&
                     database->number("SELECT sum(exchanges) FROM minutes") == expected * 4;
  return whole ? right : lost_something;
}

TEST(KeeperFaults, a_disk_that_is_full_for_a_while_costs_no_poll) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for a small disk of its own");
  const sink::testing::StoreFolder folder;
  const std::string disk = folder.folder().path();
  EXPECT_EQ(in_child([&]() -> int {
              if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                  ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") != 0)
                return no_setup;
              return outlives_a_full_disk(folder.path(), disk);
            }),
            right);
}

TEST(KeeperFaults, the_lock_of_another_program_costs_no_poll) {
  const sink::testing::StoreFolder folder;
  Keeper keeper(folder.open());
  ASSERT_TRUE(keeper.add(some_poll(1).view()).has_value());
  auto other = sink::Database::open(folder.path(), sink::Access::write);
  ASSERT_TRUE(other.has_value());
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE").has_value());
  const auto refused = keeper.add(some_poll(2).view());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().system_errno, EBUSY);
  ASSERT_TRUE(other->execute("ROLLBACK").has_value());
  EXPECT_TRUE(keeper.flush().has_value());
  EXPECT_EQ(folder.number("SELECT count(*) FROM polls"), 2);
}

}  // namespace
}  // namespace uncork::collect
