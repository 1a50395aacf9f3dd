// Whether something began from which a namespace may have come.

#include "probe/namespaces/process_news.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>

#include "tests/cure/scratch_directory.hpp"

namespace uncork::probe {
namespace {

/// A proc of the test's own, so that nobody else's processes are news.
class ProcessNewsOf : public ::testing::Test {
 protected:
  ProcessNewsOf() {
    ::mkdir((proc_.path() + "/self").c_str(), 0700);
    std::ofstream(proc_.path() + "/self/mountinfo") << "";
    number(100);
  }
  void number(int last) const { std::ofstream(proc_.path() + "/loadavg") << "0.00 0.01 0.05 1/80 " << last << "\n"; }
  [[nodiscard]] ProcessNews news() const { return ProcessNews(proc_.path()); }

  cure::testing::ScratchDirectory proc_;
};

bool any(const Begun& begun) { return begun.anything || begun.last > begun.after; }

/// Has taken what was there before.
ProcessNews settled(ProcessNews news) {
  static_cast<void>(news.take());
  static_cast<void>(news.take());
  return news;
}

TEST_F(ProcessNewsOf, at_first_nothing_is_known) {
  ProcessNews news = this->news();
  EXPECT_TRUE(news.take().anything);
  EXPECT_TRUE(news.take().anything);
  EXPECT_FALSE(any(news.take()));
}

TEST_F(ProcessNewsOf, no_number_given_is_no_news) {
  ProcessNews news = settled(this->news());
  EXPECT_FALSE(any(news.take()));
  EXPECT_FALSE(any(news.take()));
}

TEST_F(ProcessNewsOf, numbers_given_are_told_twice) {
  ProcessNews news = settled(this->news());
  number(103);
  for (int i = 0; i < 2; ++i) {
    const Begun begun = news.take();
    EXPECT_FALSE(begun.anything);
    EXPECT_EQ(begun.after, 100);
    EXPECT_EQ(begun.last, 103);
  }
  EXPECT_FALSE(any(news.take()));
}

TEST_F(ProcessNewsOf, numbers_that_began_anew_may_be_anything) {
  ProcessNews news = settled(this->news());
  number(7);
  EXPECT_TRUE(news.take().anything);
}

TEST_F(ProcessNewsOf, very_many_may_be_anything) {
  ProcessNews news = settled(this->news());
  number(100'000);
  EXPECT_TRUE(news.take().anything);
}

TEST_F(ProcessNewsOf, a_thread_of_our_own_did_not_begin) {
  ProcessNews news = settled(this->news());
  number(101);
  news.is_ours(101);
  EXPECT_FALSE(any(news.take()));
}

TEST_F(ProcessNewsOf, what_began_beside_our_own_thread_is_news) {
  for (const int ours : {101, 102}) {
    number(100);
    ProcessNews news = settled(this->news());
    number(102);
    news.is_ours(ours);
    EXPECT_EQ(news.take().last, 102);
    EXPECT_TRUE(any(news.take())) << ours;
  }
}

// In a process of its own, whose mounts nobody else sees.
TEST_F(ProcessNewsOf, a_mount_is_news_once) {
  const std::string mountinfo = proc_.path() + "/self/mountinfo";
  ASSERT_EQ(::unlink(mountinfo.c_str()), 0);
  ASSERT_EQ(::symlink("/proc/self/mountinfo", mountinfo.c_str()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(2);
    ProcessNews news = settled(this->news());
    if (any(news.take())) ::_exit(3);
    if (::mount("none", proc_.path().c_str(), "tmpfs", 0, nullptr) != 0) ::_exit(4);
    ::_exit(any(news.take()) && !any(news.take()) ? 0 : 5);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ProcessNews, where_it_cannot_be_told_it_may_be_anything) {
  ProcessNews news = settled(ProcessNews("/nowhere"));
  EXPECT_TRUE(news.take().anything);
}

TEST(ProcessNews, the_kernel_tells_of_a_thread) {
  ProcessNews news = settled(ProcessNews());
  pid_t number = 0;
  std::thread([&] { number = ::gettid(); }).join();
  const Begun begun = news.take();
  EXPECT_TRUE(begun.anything || (begun.after < number && number <= begun.last));
}

}  // namespace
}  // namespace uncork::probe
