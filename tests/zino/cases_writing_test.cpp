// Conformance cases D: writing.

#include <gmock/gmock.h>

#include "tests/zino/session_rig.hpp"

namespace uncork::zino::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kOk = "200 ok\r\n";
const std::string kPrompt = "302 please provide new history entry, terminate with '.'\r\n";
const std::string kHistory = "301 history follows, terminated with '.'\r\n";

class Writing : public Conformance {
 protected:
  Writing() {
    channel = host.hub.open("nonce");
    session.log_in();
    EXPECT_TRUE(host.hub.tie("nonce", SessionId{1}));
  }
  std::string notified() { return host.received(channel); }

  ChannelId channel{};
};
UNCORK_IN_EVERY_WAY(Writing);

TEST_P(Writing, D01_a_new_state_goes_into_the_history_and_updated_stays) {
  expect("SETSTATE 1 working\r\n", kOk);
  EXPECT_THAT(history(1), HasSubstr("\r\n1763900000 state change open -> working (user1)\r\n.\r\n"));
  EXPECT_THAT(session.send("GETATTRS 1\r\n"), HasSubstr("state: working\r\nopened: 1763800000\r\nupdated: 1763800000\r\n"));
  EXPECT_EQ(notified(), "1 state open working\r\n1 history 1\r\n");
}

TEST_P(Writing, D02_the_same_state_changes_nothing) {
  expect("SETSTATE 5 open\r\n", kOk);
  EXPECT_EQ(history(5), kHistory + ".\r\n");
  EXPECT_EQ(notified(), "");
}

TEST_P(Writing, D03_states_are_case_sensitive_and_listed_in_the_error) {
  const std::string refusal = "500 state must be one of embryonic, open, working, waiting, confirm-wait, ignored, closed\r\n";
  expect({{"SETSTATE 1 Working\r\n", refusal}, {"SETSTATE 1  open\r\n", refusal}, {"SETSTATE  1 open\r\n", kOk}});
}

TEST_P(Writing, D04_the_id_is_checked_before_the_state) { expect("SETSTATE 99 foo\r\n", "500 event \"99\" does not exist\r\n"); }

TEST_P(Writing, D05_missing_arguments_are_named) {
  const std::string needs = "500 SETSTATE needs 2 parameters (event, state)\r\n";
  expect({{"SETSTATE\r\n", needs}, {"SETSTATE 1\r\n", needs}});
}

TEST_P(Writing, D06_a_closed_case_stays_closed) {
  expect({{"SETSTATE 7 open\r\n", "500 Cannot reopen closed event 7\r\n"}, {"SETSTATE 7 closed\r\n", kOk}});
  EXPECT_EQ(notified(), "");
}

TEST_P(Writing, D07_a_case_that_is_closed_leaves_the_list_and_can_be_read) {
  expect({{"SETSTATE 1 closed\r\n", kOk},
          {"CASEIDS\r\n", "304 list of active cases follows, terminated with '.'\r\n2\r\n3\r\n4\r\n5\r\n6\r\n.\r\n"}});
  EXPECT_THAT(session.send("GETATTRS 1\r\n"), HasSubstr("updated: 1763800000\r\nclosed: 1763900000\r\npriority: 100\r\n"));
  EXPECT_EQ(notified(), "1 state open closed\r\n1 attr closed\r\n1 history 1\r\n");
}

TEST_P(Writing, D08_embryonic_becomes_open_at_once) {
  expect("SETSTATE 3 embryonic\r\n", kOk);
  EXPECT_THAT(history(3), HasSubstr("1763900000 state change working -> embryonic (user1)\r\n"
                                    "1763900000 state change embryonic -> open (monitor)\r\n.\r\n"));
  EXPECT_THAT(session.send("GETATTRS 3\r\n"), HasSubstr("state: open\r\nopened: 1763900000\r\n"));
  EXPECT_EQ(notified(), "3 state working open\r\n3 attr opened\r\n3 history 1\r\n");
}

TEST_P(Writing, D10_the_form_of_zinolib_loses_its_trailing_empty_line) {
  expect({{"addhist 3  -\r\n", kPrompt}, {"my message\nwith lf only\r\n\r\n.\r\n", kOk}});
  EXPECT_EQ(history(3), kHistory + "1763900000 user1\r\n my message\r\n with lf only\r\n.\r\n");
}

TEST_P(Writing, D11_a_body_may_be_empty) {
  expect({{"addhist 4\r\n", kPrompt}, {".\r\n", kOk}});
  EXPECT_EQ(history(4), kHistory + "1763900000 user1\r\n.\r\n");
}

TEST_P(Writing, D12_lf_alone_and_surplus_cr_end_lines_and_the_body) {
  expect({{"addhist 4\n", kPrompt}, {"one\ntwo\n.\r\r\n", kOk}});
  EXPECT_EQ(history(4), kHistory + "1763900000 user1\r\n one\r\n two\r\n.\r\n");
}

TEST_P(Writing, D13_dots_with_company_are_text_and_lines_are_stripped) {
  expect({{"ADDHIST 4\r\n", kPrompt}, {". \r\n .\r\n..\r\n\t padded \r\n.\r\n", kOk}});
  EXPECT_EQ(history(4), kHistory + "1763900000 user1\r\n .\r\n .\r\n ..\r\n padded\r\n.\r\n");
}

TEST_P(Writing, D14_every_line_break_that_python_knows_splits_when_read_back) {
  expect({{"ADDHIST 4\r\n", kPrompt}, {"a\vb\fc\u0085d\u2028e\r\n.\r\n", kOk}});
  EXPECT_EQ(history(4), kHistory + "1763900000 user1\r\n a\r\n b\r\n c\r\n d\r\n e\r\n.\r\n");
}

TEST_P(Writing, D15_a_refused_addhist_does_not_wait_for_a_body) {
  expect({{"ADDHIST\r\n", "500 ADDHIST needs 1 parameters (event)\r\n"},
          {"ADDHIST 99\r\n", "500 event \"99\" does not exist\r\n"},
          {"VERSION\r\n", "200 zino version is 2.5.1\r\n"}});
}

TEST_P(Writing, D16_commands_in_a_body_are_text) {
  expect({{"ADDHIST 4\r\n", kPrompt}, {"QUIT\r\nVERSION\r\n.\r\n", kOk}});
  EXPECT_FALSE(session.ended());
  EXPECT_EQ(history(4), kHistory + "1763900000 user1\r\n QUIT\r\n VERSION\r\n.\r\n");
}

TEST_P(Writing, D17_half_a_body_is_nothing) {
  expect({{"ADDHIST 4\r\n", kPrompt}, {"half a\r\nbo", ""}});
  EXPECT_EQ(session.end_of_input(), "");
  EXPECT_TRUE(session.ended());
  RigSession other(host, GetParam().first, GetParam().second, 2);
  other.log_in();
  EXPECT_EQ(other.send("GETHIST 4\r\n"), kHistory + ".\r\n");
}

TEST_P(Writing, D19_a_closed_case_takes_history) {
  expect({{"ADDHIST 7\r\n", kPrompt}, {"post mortem\r\n.\r\n", kOk}});
  EXPECT_EQ(history(7), kHistory + "1763900000 user1\r\n post mortem\r\n.\r\n");
  EXPECT_EQ(notified(), "7 history 1\r\n");
}

TEST_P(Writing, D20_two_sessions_at_one_case_are_both_heard) {
  RigSession other(host, GetParam().first, GetParam().second, 2);
  other.log_in("ford", " dontpanic");
  EXPECT_EQ(session.send("ADDHIST 4\r\nfirst\r\n"), kPrompt);
  EXPECT_EQ(other.send("ADDHIST 4\r\nsecond\r\n.\r\n"), kPrompt + kOk);
  EXPECT_EQ(session.send(".\r\n"), kOk);
  EXPECT_EQ(history(4), kHistory + "1763900000 ford\r\n second\r\n1763900000 user1\r\n first\r\n.\r\n");
}

TEST_P(Writing, a_body_without_end_is_refused_at_its_bound) {
  session.send("ADDHIST 4\r\n");
  std::string answer;
  for (int i = 0; i < 1100 && !session.ended(); ++i) answer += session.send(std::string(1000, 'x') + "\r\n");
  EXPECT_EQ(answer, "500 text is longer than 1048576 bytes\r\n");
  EXPECT_THAT(host.store().find_case(4)->get<std::vector<LogEntry>>("history")->size(), 0U);
}

}  // namespace
}  // namespace uncork::zino::testing
