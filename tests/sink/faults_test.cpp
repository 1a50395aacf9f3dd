// What may befall a store while it is written: each is an error that says why, and what was good stays.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>

#include "core/fd.hpp"
#include "some_poll.hpp"
#include "tests/probe/privilege.hpp"

namespace uncork::sink {
namespace {

using ::testing::HasSubstr;
using testing::some_poll;
using testing::StoreFolder;

/// Runs `body` in a process of its own, since it changes what a whole process has; its word is what it returns.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// What went wrong in a child, as its exit code; errors of a store are judged there.
enum Word : std::uint8_t { right, no_setup, no_failure, wrong_errno, lost_something, no_recovery };

/// Adds polls until one is refused; then that again, after `relieve`.
Word fills_up_and_recovers(const std::string& path, int expected_errno, const std::function<bool()>& relieve) {
  auto store = Store::open({path, {}});
  if (!store) return no_setup;
  std::uint64_t stored = 0;
  core::Result<Store::Added> added = Store::Added::now;
  while (added && stored < 1000) {
    const auto poll = some_poll(stored + 1, 200);
    added = (*store)->add(poll.view());
    if (added) ++stored;
  }
  if (added) return no_failure;
  if (added.error().system_errno != expected_errno) {
    std::fprintf(stderr, "%s\n", added.error().message.c_str());
    return wrong_errno;
  }
  if (!relieve()) return no_setup;
  const auto again = (*store)->add(some_poll(stored + 1, 200).view());
  if (!again) std::fprintf(stderr, "%s\n", again.error().message.c_str());
  if (!again) return no_recovery;
  store->reset();
  auto database = open_to_read(path);
  if (!database) return lost_something;
  const auto rows = database->number("SELECT count(*) FROM rows");
  const auto polls = database->number("SELECT count(*) FROM polls");
  const auto check = database->number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'");
  const auto expected = static_cast<std::int64_t>(stored + 1);
  return rows == expected * 200 && polls == expected && check == 1 ? right : lost_something;
}

TEST(StoreFaults, a_full_disk_is_told_and_loses_nothing_that_was_stored) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for a small disk of its own");
  const StoreFolder folder;
  const std::string disk = folder.folder().path();
  EXPECT_EQ(in_child([&]() -> int {
              if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                  ::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m") != 0)
                return no_setup;
              return fills_up_and_recovers(folder.path(), ENOSPC,
                                           [&] { return ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m") == 0; });
            }),
            right);
}

TEST(StoreFaults, a_limit_on_the_size_of_files_is_told_and_loses_nothing_that_was_stored) {
  const StoreFolder folder;
  EXPECT_EQ(in_child([&]() -> int {
              std::signal(SIGXFSZ, SIG_IGN);
              const rlimit low{1 << 20, RLIM_INFINITY};
              const rlimit high{RLIM_INFINITY, RLIM_INFINITY};
              if (::setrlimit(RLIMIT_FSIZE, &low) != 0) return no_setup;
              return fills_up_and_recovers(folder.path(), EIO, [&] { return ::setrlimit(RLIMIT_FSIZE, &high) == 0; });
            }),
            right);
}

TEST(StoreFaults, a_folder_that_cannot_be_written_to_is_told) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root for a disk that is read only");
  const StoreFolder folder;
  static_cast<void>(folder.open());
  const std::string disk = folder.folder().path();
  EXPECT_EQ(in_child([&]() -> int {
              if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
                  ::mount(disk.c_str(), disk.c_str(), nullptr, MS_BIND, nullptr) != 0 ||
                  ::mount(nullptr, disk.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0)
                return no_setup;
              const auto store = Store::open({folder.path(), {}});
              if (store) return no_failure;
              if (store.error().system_errno != EROFS) return wrong_errno;
              return open_to_read(folder.path()) ? right : lost_something;  // it can still be asked
            }),
            right);
}

TEST(StoreFaults, a_folder_of_another_user_is_told) {
  if (!probe::testing::is_root()) UNCORK_SKIP_TEST("needs root to become another user");
  const StoreFolder folder;
  static_cast<void>(folder.open());
  EXPECT_EQ(in_child([&]() -> int {
              if (::setgid(65534) != 0 || ::setuid(65534) != 0) return no_setup;
              const auto store = Store::open({folder.path(), {}});
              if (store) return no_failure;
              return store.error().code == core::ErrorCode::not_permitted ? right : wrong_errno;
            }),
            right);
}

TEST(StoreFaults, the_transaction_of_another_program_is_waited_for_and_then_told) {
  const StoreFolder folder;
  const auto store = folder.open();
  ASSERT_TRUE(store->add(some_poll(1).view()).has_value());
  auto other = Database::open(folder.path(), Access::write);
  ASSERT_TRUE(other.has_value());
  ASSERT_TRUE(other->execute("BEGIN IMMEDIATE").has_value());
  const auto refused = store->add(some_poll(2).view());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().system_errno, EBUSY);
  EXPECT_THAT(refused.error().message, HasSubstr("another program keeps it locked"));
  ASSERT_TRUE(other->execute("ROLLBACK").has_value());
  EXPECT_EQ(store->add(some_poll(2).view()), Store::Added::now);
  EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM minutes"), 8);
}

/// Adds polls for ever, and says each number once it is stored.
[[noreturn]] void write_for_ever(const std::string& path, int to) {
  auto store = Store::open({path, {}});
  for (std::uint64_t i = 1; store; ++i) {
    if (!(*store)->add(some_poll(i, 300).view())) ::_exit(1);
    if (::write(to, &i, sizeof i) != sizeof i) ::_exit(1);
  }
  ::_exit(1);
}

TEST(StoreFaults, kill_9_while_it_writes_leaves_every_poll_that_was_stored_and_none_in_part) {
  for (int round = 0; round < 5; ++round) {
    const StoreFolder folder;
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(ends), 0);
    const core::Fd from(ends[0]);
    core::Fd to(ends[1]);
    const pid_t child = ::fork();
    if (child == 0) write_for_ever(folder.path(), to.get());
    to.reset();
    std::uint64_t stored = 0;
    while (stored < 20U + static_cast<unsigned>(round) && ::read(from.get(), &stored, sizeof stored) == sizeof stored) {
    }
    ::usleep(static_cast<useconds_t>(round) * 1500);  // somewhere in the middle of the next ones
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    for (std::uint64_t more = 0; ::read(from.get(), &more, sizeof more) == sizeof more;) stored = more;
    const auto store = folder.open();
    const std::uint64_t last = store->last_sequence(testing::kBoot).value_or(0);
    EXPECT_GE(last, stored) << "what was said to be stored is";
    EXPECT_LE(last, stored + 1) << "the next may have been on its way";
    EXPECT_EQ(folder.number("SELECT count(*) FROM polls"), static_cast<std::int64_t>(last));
    EXPECT_EQ(folder.number("SELECT count(*) FROM rows"), static_cast<std::int64_t>(300 * last));
    EXPECT_EQ(folder.number("SELECT sum(exchanges) FROM hours"), static_cast<std::int64_t>(4 * last));
    EXPECT_TRUE(folder.is_sound());
    EXPECT_EQ(store->add(some_poll(last + 1).view()), Store::Added::now);
  }
}

}  // namespace
}  // namespace uncork::sink
