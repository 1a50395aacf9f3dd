// The supervision of a watcher, on programs that end in every way.

#include "lab/sockets/soak.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "lab/sockets/soak_judge.hpp"
#include "lab/sockets/watcher.hpp"
#include "tests/cure/scratch_directory.hpp"

namespace uncork::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr core::Micros kSecond{1'000'000};

core::Time in(core::Micros time) { return core::MonotonicClock::now() + time; }

Watcher shell(const std::string& script) { return std::move(*Watcher::start("/bin/sh", {"-c", script})); }

int end_of(Watcher& watcher) {
  std::string line;
  auto event = Watcher::Event::quiet;
  for (int tries = 0; event != Watcher::Event::ended && tries < 100; ++tries) event = *watcher.next(in(kSecond), line);
  EXPECT_EQ(event, Watcher::Event::ended);
  return watcher.status();
}

TEST(Watcher, gives_lines_as_they_come_and_keeps_what_is_said_to_standard_error) {
  Watcher watcher = shell("echo one; echo trouble >&2; echo two; exit 3");
  std::string line;
  ASSERT_EQ(*watcher.next(in(5 * kSecond), line), Watcher::Event::line);
  EXPECT_EQ(line, "one");
  ASSERT_EQ(*watcher.next(in(5 * kSecond), line), Watcher::Event::line);
  EXPECT_EQ(line, "two");
  EXPECT_EQ(end_text(end_of(watcher)), "exit code 3");
  EXPECT_EQ(watcher.said(), "trouble\n");
}

TEST(Watcher, every_kind_of_end_is_seen) {
  Watcher in_order = shell("exit 0");
  EXPECT_EQ(end_text(end_of(in_order)), "exit code 0");
  Watcher killed = shell("kill -9 $$");
  EXPECT_EQ(end_text(end_of(killed)), "signal 9 (Killed)");
  Watcher crashed = shell("kill -SEGV $$");
  EXPECT_THAT(end_text(end_of(crashed)), HasSubstr("signal 11"));
  auto missing = Watcher::start("/nonexistent", {});
  ASSERT_TRUE(missing);
  EXPECT_EQ(end_text(end_of(*missing)), "exit code 127");
}

TEST(Watcher, that_closes_its_output_and_stays_is_killed) {
  Watcher watcher = shell("exec >&-; exec sleep 60");
  EXPECT_EQ(end_text(end_of(watcher)), "signal 9 (Killed)");
}

TEST(Watcher, is_asked_to_end) {
  Watcher watcher = shell("trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done");
  std::string line;
  ASSERT_EQ(*watcher.next(in(5 * kSecond), line), Watcher::Event::line);
  EXPECT_EQ(end_text(watcher.finish()), "exit code 5");
}

TEST(Watcher, what_a_process_uses_is_read_from_proc) {
  const auto ours = sample_process(::getpid());
  ASSERT_TRUE(ours);
  EXPECT_GT(ours->rss_kib, 100U);
  EXPECT_GE(ours->threads, 1U);
  EXPECT_GE(ours->descriptors, 3U);
  EXPECT_FALSE(sample_process(0x7fffffff));
}

/// Prints a look, whose time lies after the end of every soak, ten times a second.
constexpr const char* kLooks =
    "while :; do echo '{\"sequence\":1,\"timestamp_ns\":9000000000000000000,\"whole\":true,\"coverage\":\"\",\"namespaces\":1,"
    "\"sockets\":[]}'; sleep 0.1; done";

class SoakTest : public ::testing::Test {
 protected:
  core::Result<SoakFigures> run(const std::string& script) {
    const SoakOptions options = {.poll = core::Micros(100'000),
                                 .every = core::Micros(10'000),
                                 .duration = kSecond,
                                 .open_files = 0,
                                 .command = {"/bin/sh", "-c", script}};
    return run_soak(options, truth_, [this] { return step(); }, [](const SoakProgress&) { return true; });
  }
  core::Status step() {
    ++steps_;
    return {};
  }

  GroundTruth truth_;
  unsigned steps_ = 0;
};

TEST_F(SoakTest, steps_go_on_while_looks_come) {
  const auto figures = run("trap 'exit 0' TERM; " + std::string(kLooks));
  ASSERT_TRUE(figures) << figures.error().message;
  EXPECT_THAT(figures->ends, SizeIs(0));
  EXPECT_GE(figures->tally.looks, 3U);
  EXPECT_EQ(figures->steps, steps_);
  EXPECT_GE(steps_, 3U);
}

TEST_F(SoakTest, an_end_by_a_signal_is_counted_and_the_watcher_started_again) {
  const cure::testing::ScratchDirectory folder;
  const std::string mark = folder.path() + "/died";
  const auto figures =
      run("trap 'exit 0' TERM; if ! test -e " + mark + "; then : > " + mark + "; echo oops >&2; kill -9 $$; fi; " + kLooks);
  ASSERT_TRUE(figures) << figures.error().message;
  ASSERT_THAT(figures->ends, SizeIs(1));
  EXPECT_EQ(end_text(figures->ends[0].status), "signal 9 (Killed)");
  EXPECT_EQ(figures->ends[0].said, "oops");
  for (const Criterion& criterion : judge_soak(*figures)) {
    if (criterion.name != "watcher_ends") continue;
    EXPECT_FALSE(criterion.passed());
    EXPECT_THAT(criterion.note, HasSubstr("signal 9 (Killed): oops"));
  }
}

TEST_F(SoakTest, an_end_that_is_not_in_order_when_asked_is_counted) {
  const auto figures = run("trap 'exit 4' TERM; " + std::string(kLooks));
  ASSERT_TRUE(figures) << figures.error().message;
  ASSERT_THAT(figures->ends, SizeIs(1));
  EXPECT_EQ(end_text(figures->ends[0].status), "exit code 4");
}

TEST_F(SoakTest, a_watcher_that_ends_again_and_again_is_given_up) {
  const auto figures = run("echo nonsense; exec sleep 60");
  ASSERT_FALSE(figures);
  EXPECT_THAT(figures.error().message, HasSubstr("ended 20 times"));
  EXPECT_THAT(figures.error().message, HasSubstr("cannot be read"));
}

TEST_F(SoakTest, can_be_stopped) {
  const SoakOptions options = {.command = {"/bin/sh", "-c", kLooks}};
  const auto figures = run_soak(options, truth_, [this] { return step(); }, [](const SoakProgress&) { return false; });
  ASSERT_FALSE(figures);
  EXPECT_EQ(figures.error().message, "stopped before the end");
}

}  // namespace
}  // namespace uncork::lab
