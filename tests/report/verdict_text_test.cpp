#include "report/verdict_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "some_verdict.hpp"

namespace uncork::report {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(VerdictText, says_what_where_evidence_cost_and_remedy) {
  stall::ConnectionEnd end = some_end();
  end.peer = stall::Process{815, "curl"};
  end.netns = "blue";
  EXPECT_EQ(
      verdict_text(some_verdict(stall::Cause::nagle_delayed_ack, end)),
      "what      Nagle held bytes until the peer's delayed ACK (nagle_delayed_ack, witnessed)\n"
      "where     python3[4711] 127.0.0.1:8001 -> 127.0.0.1:50314 curl[815] in blue\n"
      "evidence  25 exchanges, 25 holds, median 32.8 ms to 65.5 ms; 3.0 writes an exchange, 48 bytes a write; "
      "TCP_NODELAY "
      "off\n"
      "cost      1.00 s lost of 1.25 s (80 %), 40.0 ms an exchange; also local_think 250 ms, idle 750 ms\n"
      "remedy    Change python3 (pid 4711): merge the writes of one message into one (it makes 3.0 writes of 48 bytes an "
      "exchange), or set TCP_NODELAY on this socket. Now: uncork cure --pid 4711 --port 8001\n"
      "choice 1  merge the writes of one message: an exchange ends 40.0 ms sooner, 1.0 segments fewer\n"
      "choice 2  set TCP_NODELAY: an exchange ends 40.0 ms sooner, 1.0 segments more\n"
      "choice 3  restart it with its writes merged: an exchange ends 40.0 ms sooner, 1.0 segments fewer; uncork run --merge -- "
      "COMMAND\n"
      "choice 4  at the other end, acknowledge at once, by the route (all programs there): an exchange ends at most 40.0 ms "
      "sooner, 1.0 segments more; ip route change ROUTE quickack 1\n"
      "choice 5  at the other end, acknowledge after two clock ticks: an exchange ends at most 40.0 ms sooner; uncork cure "
      "--comm curl --port 8001 --quickack --watch\n");
}

class EachCause : public testing::TestWithParam<stall::Cause> {};

TEST_P(EachCause, has_five_lines_before_its_choices_with_their_titles_and_no_blank_at_their_ends) {
  // Built by hand: conclude() never blames what is no stall.
  stall::Verdict verdict = some_verdict(GetParam());
  verdict.cause = GetParam();
  const std::string text = verdict_text(verdict);
  const auto lines = lines_of(text);
  ASSERT_GE(lines.size(), 5U) << text;
  for (std::size_t i = 5; i < lines.size(); ++i) EXPECT_THAT(lines[i], StartsWith("choice "));
  EXPECT_THAT(text, EndsWith("\n"));
  const char* titles[] = {"what      ", "where     ", "evidence  ", "cost      ", "remedy    "};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_THAT(lines[i], StartsWith(titles[i]));
    EXPECT_THAT(lines[i], Not(EndsWith(" ")));
  }
  if (GetParam() != stall::Cause::idle) {
    EXPECT_THAT(lines[0], HasSubstr(std::string(stall::name(GetParam()))));
  }
  EXPECT_FALSE(phrase(GetParam()).empty());
}

INSTANTIATE_TEST_SUITE_P(VerdictText, EachCause, testing::ValuesIn(stall::all_causes()),
                         [](const auto& tested) { return std::string(stall::name(tested.param)); });

TEST(VerdictText, without_a_stall_says_so_and_needs_no_remedy) {
  const auto lines = lines_of(verdict_text(stall::conclude(some_end(), stall::Account(), stall::Confidence::sampled)));
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "what      no stall (sampled)");
  EXPECT_EQ(lines[2], "evidence  0 exchanges, 0 holds; TCP_NODELAY off");
  EXPECT_EQ(lines[3], "cost      0 us lost of 0 us (0 %)");
  EXPECT_EQ(lines[4], "remedy    none needed");
}

TEST(VerdictText, says_nothing_of_nodelay_where_nobody_could_look) {
  stall::ConnectionEnd end = some_end();
  end.nodelay.reset();
  EXPECT_THAT(lines_of(verdict_text(some_verdict(stall::Cause::cork, end))).at(2), Not(HasSubstr("TCP_NODELAY")));
}

TEST(VerdictText, says_that_it_was_the_path) {
  EXPECT_THAT(verdict_text(some_verdict(stall::Cause::congestion_window)), HasSubstr("what      the path: "));
}

TEST(VerdictText, has_a_line_on_late_writes_where_one_was_late_enough_to_be_noticed) {
  stall::Account account = some_account();
  account.late_by[UNCORK_NAGLE_DELAYED_ACK] = {ms(1000), 25, ms(41)};
  const auto lines = lines_of(verdict_text(stall::conclude(some_end(), account, stall::Confidence::witnessed)));
  ASSERT_GE(lines.size(), 6U);
  EXPECT_EQ(lines[4], "late      25 of 75 writes left 1.00 s late in all, the worst 41.0 ms");

  account.late_by[UNCORK_NAGLE_DELAYED_ACK] = {core::Micros(999), 1, core::Micros(999)};
  EXPECT_THAT(verdict_text(stall::conclude(some_end(), account, stall::Confidence::witnessed)), Not(HasSubstr("late      ")));
}

TEST(VerdictText, counts_no_late_writes_where_none_were_seen) {
  stall::Account account = some_account();
  account.writes = 0;
  account.late_by[UNCORK_NAGLE_DELAYED_ACK] = {ms(41), 1, ms(41)};
  EXPECT_THAT(verdict_text(stall::conclude(some_end(), account, stall::Confidence::witnessed)), Not(HasSubstr("late      ")));
}

TEST(VerdictText, says_that_late_writes_cost_the_exchanges_less_than_they_were_late) {
  stall::Account account = some_account();
  account.late_by[UNCORK_NAGLE_DELAYED_ACK] = {ms(2001), 50, ms(41)};
  EXPECT_THAT(verdict_text(stall::conclude(some_end(), account, stall::Confidence::witnessed)),
              HasSubstr("; more than the exchanges lost"));
}

TEST(VerdictText, leaves_out_causes_under_a_hundredth_of_the_time) {
  stall::Account account = some_account();
  account.budget[stall::Cause::network] = ms(10);
  account.budget[stall::Cause::cork] = ms(30);
  const auto text = verdict_text(stall::conclude(some_end(), account, stall::Confidence::witnessed));
  EXPECT_THAT(text, Not(HasSubstr("network")));
  EXPECT_THAT(text, HasSubstr("also cork 30.0 ms, local_think 250 ms, idle 750 ms"));
}

TEST(VerdictText, shows_the_bucket_in_which_the_middle_hold_lies) {
  stall::Account account = some_account();
  account.hold_log2 = {};
  account.hold_log2[0] = 3;
  account.hold_log2[20] = 2;
  EXPECT_THAT(verdict_text(stall::conclude(some_end(), account, stall::Confidence::witnessed)), HasSubstr("median 0 us to 2 us"));
  account.hold_log2[20] = 4;
  EXPECT_THAT(verdict_text(stall::conclude(some_end(), account, stall::Confidence::witnessed)),
              HasSubstr("median 1.05 s to 2.10 s"));
}

TEST(VerdictText, of_hostile_names_stays_printable_lines) {
  for (const std::string& name : {kClearsTheScreen, kTwoLines, kNotUtf8}) {
    stall::ConnectionEnd end = some_end(name);
    end.peer = stall::Process{815, name};
    end.netns = name;
    for (const stall::Cause cause : {stall::Cause::nagle_delayed_ack, stall::Cause::receive_window}) {
      const std::string text = verdict_text(some_verdict(cause, end));
      EXPECT_EQ(std::ranges::count(text, '\n'), cause == stall::Cause::receive_window ? 7 : 9) << text;
      EXPECT_EQ(text.find_first_of("\x1b\r\xff"), std::string::npos) << text;
      EXPECT_THAT(text, HasSubstr("?"));
    }
  }
}

TEST(ProcessText, names_command_and_pid_or_nobody) {
  EXPECT_EQ(process_text({4711, "python3"}), "python3[4711]");
  EXPECT_EQ(process_text({}), "?");
  EXPECT_EQ(process_text({1, kClearsTheScreen}), "?[2J[1]");
}

}  // namespace
}  // namespace uncork::report
