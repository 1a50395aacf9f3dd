// Conformance cases E and F: routers, help, planned maintenance.

#include <gmock/gmock.h>

#include "tests/zino/session_rig.hpp"

namespace uncork::zino::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string kOk = "200 ok\r\n";

class Routing : public Conformance {};
UNCORK_IN_EVERY_WAY(Routing);

TEST_P(Routing, E01_communities) {
  expect_authenticated({{"COMMUNITY example-gw4\r\n", "201 foobar\r\n"},
                        {"COMMUNITY example-gw\r\n", "201 public\r\n"},
                        {"COMMUNITY foo\r\n", "500 router unknown\r\n"},
                        {"COMMUNITY\r\n", "500 COMMUNITY needs 1 parameters (router_name)\r\n"}});
}

TEST_P(Routing, E02_polling_routers_and_ports) {
  expect_authenticated({{"POLLRTR example-gw\r\n", kOk},
                        {"POLLRTR foo\r\n", "500 Router foo unknown\r\n"},
                        {"POLLINTF example-gw -5\r\n", kOk},
                        {"POLLINTF example-gw five\r\n", "500 five is an invalid ifindex value\r\n"},
                        {"POLLINTF foo five\r\n", "500 Router foo unknown\r\n"},
                        {"POLLINTF example-gw\r\n", "500 POLLINTF needs 2 parameters (router_name, ifindex)\r\n"}});
  EXPECT_THAT(host.polled, ElementsAre("example-gw", "example-gw 5"));
}

TEST_P(Routing, E02_without_a_command_to_poll_with_the_answer_says_so) {
  host.polling_configured = false;
  expect_authenticated("POLLRTR example-gw\r\n", "500 polling is not configured\r\n");
}

TEST_P(Routing, E04_clearing_a_flap) {
  const ChannelId channel = host.hub.open("n");
  ASSERT_TRUE(host.hub.tie("n", SessionId{1}));
  expect_authenticated({{"CLEARFLAP foo 1\r\n", "500 Router foo unknown\r\n"},
                        {"CLEARFLAP example-gw x\r\n", "500 x is an invalid ifindex value\r\n"},
                        {"CLEARFLAP example-gw 2\r\n", kOk},
                        {"CLEARFLAP example-gw 1\r\n", kOk},
                        {"CLEARFLAP example-gw 1\r\n", kOk}});
  EXPECT_THAT(history(1), EndsWith("\r\n1763900000 user1\r\n Flapstate manually cleared\r\n.\r\n"));
  EXPECT_THAT(session.send("GETLOG 1\r\n"),
              EndsWith("\r\n1763900000 example-gw: intf \"ge-1/0/1\" ix 1(cust x, føø) Flapstate manually cleared\r\n.\r\n"));
  const std::string attributes = session.send("GETATTRS 1\r\n");
  EXPECT_THAT(attributes, HasSubstr("updated: 1763900000\r\n"));
  EXPECT_THAT(attributes, HasSubstr("flaps: 36\r\n"));
  EXPECT_THAT(attributes, HasSubstr("flapstate: stable\r\n"));
  EXPECT_EQ(host.received(channel), "1 attr updated\r\n1 log 1\r\n1 history 1\r\n1 attr flaps\r\n1 attr flapstate\r\n");
}

class Help : public Conformance {};
UNCORK_IN_EVERY_WAY(Help);

TEST_P(Help, F01_before_logging_in) {
  const std::string help = "200- commands are:\r\n200  HELP QUIT USER VERSION\r\n";
  expect({{"HELP\r\n", help}, {"help foo\r\n", help}});
}

TEST_P(Help, F02_after_logging_in) {
  expect_authenticated("HELP\r\n",
                       "200- commands are:\r\n200- ADDHIST CASEIDS CLEARFLAP COMMUNITY GETATTRS GETHIST\r\n"
                       "200- GETLOG HELP NTIE PM POLLINTF POLLRTR QUIT SETSTATE USER\r\n200  VERSION\r\n");
}

TEST_P(Help, F03_of_planned_maintenance) {
  expect_authenticated("PM HELP\r\n", "200- PM subcommands are:\r\n200  ADD ADDLOG CANCEL DETAILS HELP LIST LOG MATCHING\r\n");
}

class Maintenance : public Conformance {
 protected:
  Maintenance() { session.log_in(); }
  static inline const std::string kFrom = "1763903600";
  static inline const std::string kTo = "1763907200";
  static std::string add(const std::string& rest) { return "PM ADD " + kFrom + " " + kTo + " " + rest + "\r\n"; }
};
UNCORK_IN_EVERY_WAY(Maintenance);

TEST_P(Maintenance, F04_a_subcommand_is_one_space_and_a_word) {
  const std::string bare = "500 PM command requires a subcommand\r\n";
  expect({{"PM\r\n", bare},
          {"PM  LIST\r\n", bare},
          {"PM\tLIST\r\n", bare},
          {"PM FOO\r\n", bare},
          {"PM-LIST\r\n", bare},
          {"PM LISTX\r\n", bare},
          {"PMLIST\r\n", "500 unknown command: \"PMLIST\"\r\n"}});
}

TEST_P(Maintenance, F05_list) { expect("pm list\r\n", "300 PM event ids follows, terminated with '.'\r\n1\r\n2\r\n.\r\n"); }

TEST_P(Maintenance, F06_details) {
  expect({{"PM DETAILS 1\r\n", "200 1 1764547200 1764554400 device exact example-gw\r\n"},
          {"PM DETAILS 2\r\n", "200 2 1764547200 1764554400 portstate intf-regexp example-gw ge-.*\r\n"},
          {"PM DETAILS 99\r\n", "500 pm \"99\" does not exist\r\n"},
          {"PM DETAILS x\r\n", "500 pm \"x\" does not exist\r\n"},
          {"PM DETAILS\r\n", "500 PM DETAILS needs 1 parameters (pm)\r\n"}});
}

TEST_P(Maintenance, F07_matching) {
  const std::string header = "300 Matching ports/devices follows, terminated with '.'\r\n";
  expect({{"PM MATCHING 1\r\n", header + "1 device example-gw\r\n.\r\n"},
          {"PM MATCHING 2\r\n", header + "2 portstate example-gw 1 ge-1/0/1 (cust x, føø)\r\n.\r\n"}});
}

TEST_P(Maintenance, F08_log) {
  const std::string header = "300 log follows, terminated with '.'\r\n";
  expect({{"PM LOG 1\r\n", header + "1763800000 ford\r\n foo\r\n.\r\n"}, {"PM LOG 2\r\n", header + ".\r\n"}});
}

TEST_P(Maintenance, F09_addlog) {
  expect({{"PM ADDLOG 1\r\n", "302 please provide new PM log entry, terminate with '.'\r\n"}, {"hi\r\n\r\n.\r\n", kOk}});
  EXPECT_THAT(session.send("PM LOG 1\r\n"), EndsWith("\r\n1763900000 user1\r\n hi\r\n.\r\n"));
}

TEST_P(Maintenance, F10_add) {
  const std::string needs = "500 PM ADD needs 4 parameters (from_t, to_t, pm_type, m_type)\r\n";
  expect({{add("device exact x"), "200 PM id 3 successfully added\r\n"}, {"PM ADD\r\n", needs}, {"PM ADD 1 2 3\r\n", needs}});
}

TEST_P(Maintenance, F11_to_F14_what_add_refuses_in_its_order) {
  const std::string digits_from = "500 illegal from_t (param 1), must be only digits\r\n";
  const std::string digits_to = "500 illegal to_t (param 2), must be only digits\r\n";
  expect({{"PM ADD x y foo bar\r\n", digits_from},
          {"PM ADD 1763903600 y foo bar\r\n", digits_to},
          {"PM ADD 1763903600 999999999999 foo bar\r\n", digits_to},
          {"PM ADD 1763903600 1763903599 foo bar\r\n", "500 ending time is before starting time\r\n"},
          {"PM ADD 1763899999 1763903599 foo bar\r\n", "500 starting time is in the past\r\n"},
          {add("Device bar"), "500 unknown PM event type: Device\r\n"},
          {add("device bar"), "500 unknown match type: bar\r\n"},
          {add("portstate intf-regexp x"),
           "500 intf-regexp match type requires two extra arguments: match_device and match_expression\r\n"},
          {add("device str"), "500 str match type requires one extra argument: match_expression\r\n"},
          {"PM LIST\r\n", "300 PM event ids follows, terminated with '.'\r\n1\r\n2\r\n.\r\n"}});
}

TEST_P(Maintenance, F15_surplus_words_are_dropped) {
  expect({{add("portstate intf-regexp ex ge y z"), "200 PM id 3 successfully added\r\n"},
          {"PM DETAILS 3\r\n", "200 3 1763903600 1763907200 portstate intf-regexp ex ge\r\n"}});
}

TEST_P(Maintenance, F16_an_expression_that_is_none_is_refused_when_it_is_added) {
  const std::string answer = session.send(add("device regexp (["));
  EXPECT_THAT(answer, HasSubstr("500 illegal match_expression: "));
  EXPECT_EQ(answer.find('\n'), answer.size() - 1);
  expect("PM LIST\r\n", "300 PM event ids follows, terminated with '.'\r\n1\r\n2\r\n.\r\n");
}

TEST_P(Maintenance, F17_cancel) {
  expect({{add("device exact x"), "200 PM id 3 successfully added\r\n"},
          {"PM CANCEL 3\r\n", kOk},
          {"PM CANCEL 3\r\n", "500 pm \"3\" does not exist\r\n"},
          {add("device exact x"), "200 PM id 4 successfully added\r\n"}});
}

class ForeignExpression : public Conformance {
 protected:
  ForeignExpression()
      : Conformance(R"({"planned_maintenances":{"planned_maintenances":{"1":{"id":1,"start_time":0,"end_time":9,"type":"device",
                        "match_type":"regexp","match_expression":"(["}},"last_pm_id":1}})") {}
};
UNCORK_IN_EVERY_WAY(ForeignExpression);

TEST_P(ForeignExpression, F16_one_that_stands_in_the_state_file_is_one_line_of_error) {
  session.log_in();
  const std::string answer = session.send("PM MATCHING 1\r\n");
  EXPECT_THAT(answer, HasSubstr("500 illegal match_expression: "));
  EXPECT_EQ(answer.find('\n'), answer.size() - 1);
}

}  // namespace
}  // namespace uncork::zino::testing
