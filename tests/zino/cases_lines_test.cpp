// Conformance cases B: lines, and the order of replies. B19 and B20 need a network: see server_net_test.cpp.

#include "tests/zino/session_rig.hpp"

namespace uncork::zino::testing {
namespace {

using namespace std::string_literals;

class Lines : public Conformance {};
UNCORK_IN_EVERY_WAY(Lines);

const std::string kVersion = "200 zino version is 2.5.1\r\n";
const std::string kLog5 = "300 log follows, terminated with '.'\r\n.\r\n";
const std::string kIds = "304 list of active cases follows, terminated with '.'\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n.\r\n";

TEST_P(Lines, B01_line_ends_and_what_follows_a_word_boundary_do_not_matter) {
  expect({{"VERSION\r\n", kVersion},
          {"version\n", kVersion},
          {"VERSION \r\n", kVersion},
          {"VERSION\t\r\n", kVersion},
          {"VERSION\r\r\r\n", kVersion},
          {"VERSION;x\r\n", kVersion},
          {"VERSION\0\r\n"s, kVersion}});
}

TEST_P(Lines, B02_a_line_end_in_two_pieces_is_one) {
  EXPECT_EQ(session.send("VERSION\r"), "");
  EXPECT_EQ(session.send("\n"), kVersion);
}

TEST_P(Lines, B03_nothing_is_answered_before_the_line_has_ended) {
  session.log_in();
  EXPECT_EQ(session.send("GETLOG 5\r"), "");
  EXPECT_EQ(session.send("\n"), kLog5);
}

TEST_P(Lines, B04_an_empty_line_has_no_answer) { expect({{"\r\n", ""}, {"\n", ""}}); }

TEST_P(Lines, B06_a_command_begins_in_the_first_column) {
  expect({{" VERSION\r\n", "500 unknown command: \" VERSION\"\r\n"}, {"   \r\n", "500 unknown command: \"   \"\r\n"}});
}

TEST_P(Lines, B07_a_command_ends_at_a_word_boundary) {
  expect({{"VERSIONX\r\n", "500 unknown command: \"VERSIONX\"\r\n"}, {"VERSIONø\r\n", "500 unknown command: \"VERSIONø\"\r\n"}});
}

TEST_P(Lines, B09_nul_is_a_character) { expect("\0\r\n"s, "500 unknown command: \"\0\"\r\n"s); }

TEST_P(Lines, B11_a_line_that_is_not_utf8_is_latin1) {
  expect({{"f\xF8\xF8\r\n", "500 unknown command: \"f\xC3\xB8\xC3\xB8\"\r\n"},
          {"f\xC3\xB8\xC3\xB8\r\n", "500 unknown command: \"f\xC3\xB8\xC3\xB8\"\r\n"},
          {"\xFF\xFE\r\n", "500 unknown command: \"\xC3\xBF\xC3\xBE\"\r\n"}});
}

TEST_P(Lines, B12_a_line_without_end_is_refused_at_its_bound_and_ends_the_session) {
  EXPECT_EQ(session.send(std::string(64 * 1024, 'A')), "");
  EXPECT_EQ(session.send("A"), "500 line is longer than 65536 bytes\r\n");
  EXPECT_TRUE(session.ended());
}

TEST_P(Lines, B12_the_longest_line_is_answered_whole) {
  const std::string line(64 * 1024 - 2, 'A');
  expect({{line + "\r\n", "500 unknown command: \"" + line + "\"\r\n"}, {"VERSION\r\n", kVersion}});
}

TEST_P(Lines, B13_commands_in_one_segment_are_answered_in_order) {
  expect_authenticated("VERSION\r\nCASEIDS\r\nGETLOG 5\r\n", kVersion + kIds + kLog5);
}

TEST_P(Lines, B13_errors_do_not_overtake_replies_nor_does_a_login_come_late) {
  const std::string response = expected_response(session.challenge(), "secret one");
  expect("USER user1 " + response + "\r\nCASEIDS\r\nnonsense\r\nGETLOG\r\nGETLOG 5\r\n",
         "200 ok\r\n" + kIds + "500 unknown command: \"nonsense\"\r\n500 GETLOG needs 1 parameters (event)\r\n" + kLog5);
}

TEST_P(Lines, B13_a_body_may_come_with_its_command) {
  expect_authenticated("ADDHIST 5\r\nin one\r\nsegment\r\n.\r\nVERSION\r\n",
                       "302 please provide new history entry, terminate with '.'\r\n200 ok\r\n" + kVersion);
  EXPECT_EQ(history(5), "301 history follows, terminated with '.'\r\n1763900000 user1\r\n in one\r\n segment\r\n.\r\n");
}

TEST_P(Lines, B16_what_came_before_quit_is_answered) {
  expect_authenticated("CASEIDS\r\nQUIT\r\n", kIds + "205 Bye\r\n");
  EXPECT_TRUE(session.ended());
}

TEST_P(Lines, B17_what_comes_after_quit_is_not) {
  expect("QUIT\r\nVERSION\r\n", "205 Bye\r\n");
  EXPECT_TRUE(session.ended());
}

TEST_P(Lines, a_half_closed_connection_gets_its_answers_and_then_the_end) {
  EXPECT_EQ(session.send("VERSION\r\nVERS"), kVersion);
  EXPECT_FALSE(session.ended());
  EXPECT_EQ(session.end_of_input(), "");
  EXPECT_TRUE(session.ended());
}

TEST_P(Lines, B21_a_reply_is_one_send_or_one_a_line) {
  session.log_in();
  session.sends();
  session.send("GETATTRS 1\r\n");
  const auto sends = session.sends();
  EXPECT_EQ(sends.size(), GetParam().second == Writes::coalesced ? 1U : 19U);
  session.send("CASEIDS\r\nVERSION\r\nPM LIST\r\n");
  EXPECT_EQ(session.sends().size(), GetParam().second == Writes::coalesced ? 3U : 8U + 1U + 4U);
}

}  // namespace
}  // namespace uncork::zino::testing
