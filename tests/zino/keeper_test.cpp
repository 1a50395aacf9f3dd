// The state on disk: what was acknowledged is there again, whatever stopped the process.

#include "zino/journal/keeper.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/cure/scratch_directory.hpp"
#include "tests/zino/fixture.hpp"
#include "zino/journal/journal_codec.hpp"

namespace uncork::zino {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kNow;

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

Change note(int number) { return {kNow, "u", AddHistory{5, std::to_string(number)}}; }

std::vector<std::string> history(const State& state) {
  std::vector<std::string> messages;
  for (const LogEntry& entry : *state.cases.at(5).get<std::vector<LogEntry>>("history")) messages.push_back(entry.message);
  return messages;
}

class KeeperTest : public ::testing::Test {
 protected:
  KeeperTest() { write(file, testing::fixture_state()); }
  [[nodiscard]] Recovered reopen() const {
    auto opened = Keeper::open(file, kNow);
    if (!opened) ADD_FAILURE() << opened.error().message;
    return opened ? std::move(opened->second) : Recovered();
  }

  cure::testing::ScratchDirectory directory;
  std::string file = directory.path() + "/zino-state.json";
  std::string journal = file + ".journal";
};

TEST_F(KeeperTest, what_was_appended_is_replayed) {
  {
    auto keeper = Keeper::open(file, kNow);
    ASSERT_TRUE(keeper);
    ASSERT_TRUE(keeper->first.append({note(1), note(2)}));
    ASSERT_TRUE(keeper->first.append({note(3)}));
  }
  const Recovered recovered = reopen();
  EXPECT_EQ(recovered.changes, 3U);
  EXPECT_THAT(history(recovered.state), ElementsAre("u\n1", "u\n2", "u\n3"));
  EXPECT_EQ(read(file), testing::fixture_state());  // untouched until a fold
}

TEST_F(KeeperTest, a_fold_moves_the_changes_into_the_state_file) {
  {
    auto opened = Keeper::open(file, kNow);
    ASSERT_TRUE(opened);
    auto& [keeper, recovered] = *opened;
    Store store(recovered.state);
    ASSERT_TRUE(keeper.append({note(1)}));
    store.apply(note(1));
    ASSERT_TRUE(keeper.fold(store.state()));
    ASSERT_TRUE(keeper.append({note(2)}));
  }
  EXPECT_THAT(read(file), HasSubstr("u\\n1"));
  const Recovered recovered = reopen();
  EXPECT_EQ(recovered.changes, 1U);
  EXPECT_THAT(history(recovered.state), ElementsAre("u\n1", "u\n2"));
}

TEST_F(KeeperTest, a_state_file_that_is_not_there_is_an_empty_state) {
  std::filesystem::remove(file);
  EXPECT_TRUE(reopen().state.cases.empty());
}

TEST_F(KeeperTest, a_damaged_state_file_is_refused_with_line_and_field_and_not_touched) {
  std::string damaged = testing::fixture_state();
  damaged.replace(damaged.find("\"no-response\""), 13, "\"perhaps\"");
  write(file, damaged);
  const auto opened = Keeper::open(file, kNow);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("line 58: events.events.5.reachability: expected one of reachable, no-response"));
  EXPECT_EQ(read(file), damaged);
  EXPECT_FALSE(std::filesystem::exists(journal));
}

TEST_F(KeeperTest, a_torn_tail_is_cut_with_a_warning_that_counts_its_bytes) {
  {
    auto keeper = Keeper::open(file, kNow);
    ASSERT_TRUE(keeper && keeper->first.append({note(1)}));
  }
  const std::string whole = read(journal);
  write(journal, whole + journal_record(note(2)).substr(0, 17));
  const Recovered recovered = reopen();
  EXPECT_THAT(recovered.warnings, ElementsAre(HasSubstr("cut 17 bytes")));
  EXPECT_THAT(history(recovered.state), ElementsAre("u\n1"));
  EXPECT_EQ(read(journal), whole);
}

TEST_F(KeeperTest, a_journal_damaged_in_its_middle_keeps_what_follows_and_the_file_as_it_was) {
  {
    auto keeper = Keeper::open(file, kNow);
    ASSERT_TRUE(keeper && keeper->first.append({note(1), note(2), note(3)}));
  }
  std::string bytes = read(journal);
  bytes[bytes.size() - journal_record(note(3)).size() - 5] ^= 1;  // in the second record
  write(journal, bytes);
  const Recovered recovered = reopen();
  EXPECT_THAT(history(recovered.state), ElementsAre("u\n1", "u\n3"));
  EXPECT_THAT(recovered.warnings,
              ElementsAre(AllOf(HasSubstr("are damaged"), HasSubstr(journal + ".damaged"), HasSubstr("2 changes"))));
  EXPECT_EQ(read(journal + ".damaged"), bytes);
  {
    auto keeper = Keeper::open(file, kNow);
    ASSERT_TRUE(keeper && keeper->first.append({note(4)}));
  }
  const Recovered again = reopen();
  EXPECT_THAT(again.warnings, ElementsAre());
  EXPECT_THAT(history(again.state), ElementsAre("u\n1", "u\n3", "u\n4"));
}

TEST_F(KeeperTest, what_a_state_file_says_twice_is_warned_of) {
  write(file, R"({"addresses":{"198.18.0.1":"a","198.18.0.1":"b"},"events":{"events":{
    "5":{"id":5,"router":"r"},"05":{"id":5,"router":"r"},"6":{"id":7,"router":"r"}}}})");
  EXPECT_THAT(reopen().warnings,
              ElementsAre(HasSubstr("addresses.198.18.0.1: the key is there twice"),
                          HasSubstr("events.events.05: the key is there twice"), HasSubstr("events.events.6: its id is 7")));
}

TEST_F(KeeperTest, two_servers_do_not_share_a_state_file) {
  const auto first = Keeper::open(file, kNow);
  const auto second = Keeper::open(file, kNow);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("in use by another server"));
}

TEST_F(KeeperTest, a_journal_of_another_state_file_is_refused_unless_it_is_empty) {
  (void)reopen();
  write(file, "{}");
  (void)reopen();
  {
    auto keeper = Keeper::open(file, kNow);
    ASSERT_TRUE(keeper && keeper->first.append({{kNow, "", RunMaintenance{}}}));
  }
  write(file, testing::fixture_state());
  const auto opened = Keeper::open(file, kNow);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("has 1 change to a state file other than"));
}

/// The files as a fold leaves them when it is killed after each of its steps.
TEST_F(KeeperTest, a_fold_may_be_killed_between_any_two_of_its_steps) {
  const std::string old_state = testing::fixture_state();
  std::string old_journal;
  std::string new_state;
  std::string new_journal;
  {
    auto opened = Keeper::open(file, kNow);
    ASSERT_TRUE(opened);
    Store store(opened->second.state);
    ASSERT_TRUE(opened->first.append({note(1), note(2)}));
    old_journal = read(journal);
    store.apply(note(1));
    store.apply(note(2));
    ASSERT_TRUE(opened->first.fold(store.state()));
    new_state = read(file);
    new_journal = read(journal);
  }
  struct Step {
    const char* name;
    std::string state, journal, tmp, new_journal;
  };
  const std::vector<Step> kSteps = {
      {"half of the temporary state file", old_state, old_journal, new_state.substr(0, 100), ""},
      {"the temporary state file", old_state, old_journal, new_state, ""},
      {"half of the new journal", old_state, old_journal, new_state, new_journal.substr(0, 10)},
      {"the new journal", old_state, old_journal, new_state, new_journal},
      {"the state file renamed", new_state, old_journal, "", new_journal},
      {"everything", new_state, new_journal, "", ""},
  };
  for (const Step& step : kSteps) {
    SCOPED_TRACE(step.name);
    for (const char* suffix : {"", ".journal", ".tmp", ".journal.new"}) std::filesystem::remove(file + suffix);
    write(file, step.state);
    write(journal, step.journal);
    if (!step.tmp.empty()) write(file + ".tmp", step.tmp);
    if (!step.new_journal.empty()) write(file + ".journal.new", step.new_journal);
    EXPECT_THAT(history(reopen().state), ElementsAre("u\n1", "u\n2"));
    EXPECT_THAT(history(reopen().state), ElementsAre("u\n1", "u\n2"));  // and once more, from what that left
  }
}

/// Appends and folds for ever; tells of each change once it is durable.
[[noreturn]] void write_until_killed(const std::string& file, int acknowledgements) {
  auto opened = Keeper::open(file, kNow);
  if (!opened) ::_exit(1);
  Store store(opened->second.state);
  int number = static_cast<int>(history(store.state()).size());
  for (;;) {
    if (!opened->first.append({note(number)})) ::_exit(1);
    store.apply(note(number));
    if (::write(acknowledgements, &number, sizeof number) != sizeof number) ::_exit(1);
    if (++number % 7 == 0 && !opened->first.fold(store.state())) ::_exit(1);
  }
}

TEST_F(KeeperTest, nothing_acknowledged_is_lost_to_kill_minus_nine) {
  std::mt19937 random(4711);
  std::size_t acknowledged = 0;
  for (int round = 0; round < 200; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe_ends[0]);
      write_until_killed(file, pipe_ends[1]);
    }
    ::close(pipe_ends[1]);
    int last = -1;
    if (::read(pipe_ends[0], &last, sizeof last) != sizeof last) last = -1;
    ::usleep(std::uniform_int_distribution<unsigned>(0, 3000)(random));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    while (::read(pipe_ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) continue;
    ::close(pipe_ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself";
    if (last >= 0) acknowledged = static_cast<std::size_t>(last) + 1;
    const auto messages = history(reopen().state);
    // One more may have been written whose acknowledgement was not.
    ASSERT_GE(messages.size(), acknowledged) << "round " << round;
    ASSERT_LE(messages.size(), acknowledged + 1) << "round " << round;
    for (std::size_t i = 0; i < messages.size(); ++i) ASSERT_EQ(messages[i], "u\n" + std::to_string(i));
  }
  EXPECT_GT(acknowledged, 100U);
}

TEST_F(KeeperTest, a_full_disk_refuses_the_change_and_leaves_the_journal_as_it_was) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto opened = Keeper::open(file, kNow);
    if (!opened) ::_exit(1);
    const rlimit limit{opened->first.journal_bytes() + 300, opened->first.journal_bytes() + 300};
    ::setrlimit(RLIMIT_FSIZE, &limit);  // as a full disk: a write ends half-way, the next fails
    if (!opened->first.append({note(1)})) ::_exit(2);
    const Change large{kNow, "u", AddHistory{5, std::string(1000, 'x')}};
    if (opened->first.append({large})) ::_exit(3);
    if (!opened->first.append({note(2)})) ::_exit(4);  // what fits is taken again
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 0);
  const Recovered recovered = reopen();
  EXPECT_THAT(history(recovered.state), ElementsAre("u\n1", "u\n2"));
  EXPECT_TRUE(recovered.warnings.empty());
}

}  // namespace
}  // namespace uncork::zino
