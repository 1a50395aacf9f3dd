// Conformance cases A: connecting and logging in.

#include <gmock/gmock.h>

#include "tests/zino/session_rig.hpp"

namespace uncork::zino::testing {
namespace {

using ::testing::MatchesRegex;

class Login : public Conformance {
 protected:
  std::string response() { return expected_response(session.challenge(), "secret one"); }
};
UNCORK_IN_EVERY_WAY(Login);

TEST_P(Login, A01_greets_without_being_asked_and_with_a_new_challenge_each_time) {
  const Session first(host, SessionId{7}, make_challenge());
  const Session second(host, SessionId{8}, make_challenge());
  EXPECT_THAT(first.greeting(), MatchesRegex("200 [0-9a-f]{40} Hello, there\r\n"));
  EXPECT_NE(first.greeting(), second.greeting());
}

TEST_P(Login, A02_right_response_is_ok) { expect("USER user1 " + response() + "\r\n", "200 ok\r\n"); }

TEST_P(Login, A02_a_secret_may_begin_with_a_space) {
  expect("USER ford " + expected_response(session.challenge(), " dontpanic") + "\r\n", "200 ok\r\n");
}

TEST_P(Login, A03_the_form_of_real_clients_is_ok) { expect("user user1 " + response() + "  -\r\n", "200 ok\r\n"); }

TEST_P(Login, A04_an_upper_case_response_fails_and_the_right_one_works_afterwards) {
  std::string upper = response();
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  expect(
      {{"USER user1 " + upper + "\r\n", "500 Authentication failure\r\n"}, {"USER user1 " + response() + "\r\n", "200 ok\r\n"}});
}

TEST_P(Login, A05_a_wrong_response_fails) { expect("USER user1 xyz\r\n", "500 Authentication failure\r\n"); }

TEST_P(Login, A06_an_unknown_user_is_said_to_be_one) { expect("USER nobody x\r\n", "500 no such user\r\n"); }

TEST_P(Login, A07_missing_arguments_are_named) {
  const std::string needs = "500 USER needs 2 parameters (user, response)\r\n";
  expect({{"USER\r\n", needs}, {"USER user1\r\n", needs}, {"USER \r\n", needs}});
}

TEST_P(Login, A08_a_second_login_is_refused) { expect_authenticated("USER user1 x\r\n", "500 already authenticated\r\n"); }

TEST_P(Login, A10_the_challenge_of_another_connection_does_not_do) {
  const std::string other = expected_response(make_challenge(), "secret one");
  expect("USER user1 " + other + "\r\n", "500 Authentication failure\r\n");
}

TEST_P(Login, A11_fifty_failures_in_a_row_leave_the_connection_open) {
  expect(Exchanges(50, {"USER user1 bad\r\n", "500 Authentication failure\r\n"}));
  EXPECT_FALSE(session.ended());
  EXPECT_EQ(host.failed_logins, 50);
}

TEST_P(Login, A12_nothing_else_works_before_not_even_with_missing_arguments) {
  Exchanges exchanges;
  for (const char* command :
       {"CASEIDS", "GETATTRS 1", "GETHIST 1", "GETLOG 1", "ADDHIST 1", "SETSTATE 1 open", "NTIE x", "COMMUNITY x", "POLLRTR x",
        "POLLINTF x 1", "CLEARFLAP x 1", "PM", "PM LIST", "GETATTRS", "PM ADD", "PM HELP"}) {
    exchanges.emplace_back(std::string(command) + "\r\n", "500 Not authenticated\r\n");
  }
  expect(exchanges);
}

TEST_P(Login, A14_the_secrets_are_read_anew_for_every_login) {
  expect("USER zaphod x\r\n", "500 no such user\r\n");
  host.secrets_text = "zaphod two heads\n";
  expect("USER zaphod " + expected_response(session.challenge(), "two heads") + "\r\n", "200 ok\r\n");
}

TEST_P(Login, A14_a_line_without_a_secret_locks_nobody_else_out) {
  host.secrets_text = "nospace\nuser1 secret one\n\xFF\xFE x\n";
  expect("USER nospace " + response() + "\r\n", "500 no such user\r\n");
  expect("USER user1 " + response() + "\r\n", "200 ok\r\n");
}

TEST(Response, A15_known_challenges_give_known_responses) {
  EXPECT_EQ(expected_response("foo", "3c55d3cdc19876dfc8c0bb49da8c927a0ddff26d"), "7982ef54a5495225c5d6395c42308c074491407c");
  EXPECT_EQ(expected_response("6077fe9fa53e4921b35c11cf6ef8891bc0194875", "password123"),
            "4daf3c1448c2c4b3b92489024cc4676f70c26b1d");
  EXPECT_EQ(expected_response("2f88fe9d496b1c1a33a8d69f5c3ff7e8c34a1069", "test"), "7f53cac4ffa877616b8472d3b33a44cbba1907ad");
}

TEST(SecretsFile, takes_the_later_of_two_lines_and_has_no_comments) {
  const auto secrets = Secrets::parse("a one\r\na two\n\n# x y\n  b   three \n");
  EXPECT_EQ(*secrets.find("a"), "two");
  EXPECT_EQ(*secrets.find("#"), "x y");
  EXPECT_EQ(*secrets.find("b"), "  three");
  EXPECT_EQ(secrets.find("c"), nullptr);
}

TEST(SecretsFile, warns_of_what_it_skips_and_of_what_is_meant_twice) {
  EXPECT_EQ(Secrets::parse("a one\n\nlonely\n\xFF b\na two\n").warnings(),
            (std::vector<std::string>{"line 3: no secret, skipped", "line 4: not UTF-8, skipped",
                                      "line 5: user 'a' is there already; this line counts"}));
}

}  // namespace
}  // namespace uncork::zino::testing
