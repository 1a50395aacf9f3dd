// Conformance cases C: listing and reading.

#include <nlohmann/json.hpp>

#include "tests/zino/session_rig.hpp"

namespace uncork::zino::testing {
namespace {

const std::string kAttributes = "303 simple attributes follow, terminated with '.'\r\n";
const std::string kHistory = "301 history follows, terminated with '.'\r\n";
const std::string kLog = "300 log follows, terminated with '.'\r\n";
const std::string kIds = "304 list of active cases follows, terminated with '.'\r\n1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n.\r\n";

class Reading : public Conformance {
 protected:
  using Conformance::Conformance;
};
UNCORK_IN_EVERY_WAY(Reading);

TEST_P(Reading, C01_lists_open_cases_in_order) { expect_authenticated("CASEIDS\r\n", kIds); }

class ReadingNothing : public Conformance {
 protected:
  ReadingNothing() : Conformance("{}") {}
};
UNCORK_IN_EVERY_WAY(ReadingNothing);

TEST_P(ReadingNothing, C01_an_empty_state_is_a_header_and_a_dot) {
  expect_authenticated({{"CASEIDS\r\n", "304 list of active cases follows, terminated with '.'\r\n.\r\n"},
                        {"PM LIST\r\n", "300 PM event ids follows, terminated with '.'\r\n.\r\n"}});
}

TEST_P(Reading, C02_surplus_words_are_dropped) { expect_authenticated("CASEIDS extra words\r\n", kIds); }

TEST_P(Reading, C03_getattrs_of_a_portstate_case) {
  expect_authenticated("GETATTRS 1\r\n",
                       kAttributes + crlf("id: 1\nrouter: example-gw\ntype: portstate\nstate: open\nopened: 1763800000\n"
                                          "updated: 1763800000\npriority: 100\nlastevent: link down\n"
                                          "lasttrans: 1763800000\nflaps: 3\npolladdr: 192.168.42.1\nport: ge-1/0/1\n"
                                          "ifindex: 1\nportstate: down\ndescr: cust x, føø\nflapstate: flapping\n"
                                          "reason: linkdown\n.\n"));
}

TEST_P(Reading, C04_port_is_always_there_and_absent_values_are_not) {
  expect_authenticated("GETATTRS 2\r\n",
                       kAttributes + crlf("id: 2\nrouter: example-gw\ntype: portstate\nstate: open\nopened: 1763800000\n"
                                          "updated: 1763800000\npriority: 100\nport: \nifindex: 2\n.\n"));
}

TEST_P(Reading, C05_getattrs_of_a_bgp_case) {
  expect_authenticated("GETATTRS 3\r\n",
                       kAttributes + crlf("id: 3\nrouter: example-gw2\ntype: bgp\nstate: working\nopened: 1763800000\n"
                                          "updated: 1763800000\npriority: 100\nlastevent: peer is down\n"
                                          "lasttrans: 1763800000\nac-down: 90\npolladdr: 192.168.42.2\n"
                                          "remote-addr: 2001:db8::1\nremote-AS: 65000\npeer-uptime: 12\nbgpOS: idle\n"
                                          "bgpAS: running\n.\n"));
}

TEST_P(Reading, C06_getattrs_of_a_bfd_case) {
  expect_authenticated("GETATTRS 4\r\n",
                       kAttributes + crlf("id: 4\nrouter: example-gw2\ntype: bfd\nstate: open\nopened: 1763800000\n"
                                          "updated: 1763800000\npriority: 100\nifindex: 5\nbfdState: down\nbfdIx: 7\n"
                                          "bfdDiscr: 99\nbfdAddr: 10.0.0.1\nNeigh-rDNS: peer.example.org\n.\n"));
}

TEST_P(Reading, C07_getattrs_of_reachability_and_alarm_cases) {
  expect_authenticated(
      {{"GETATTRS 5\r\n", kAttributes + crlf("id: 5\nrouter: example-gw\ntype: reachability\nstate: open\n"
                                             "opened: 1763800000\nupdated: 1763800000\npriority: 500\n"
                                             "reachability: no-response\n.\n")},
       {"GETATTRS 6\r\n", kAttributes + crlf("id: 6\nrouter: example-gw\ntype: alarm\nstate: open\nopened: 1763800000\n"
                                             "updated: 1763800000\npriority: 100\nlastevent: red alarms went from 0 to 2\n"
                                             "alarm-type: red\nalarm-count: 2\n.\n")}});
}

TEST_P(Reading, C08_a_closed_case_is_answered_with_its_closing_time) {
  expect_authenticated("GETATTRS 7\r\n",
                       kAttributes + crlf("id: 7\nrouter: example-gw2\ntype: reachability\nstate: closed\n"
                                          "opened: 1763800000\nupdated: 1763800000\nclosed: 1763899200\npriority: 100\n"
                                          "reachability: reachable\n.\n"));
}

TEST_P(Reading, C09_a_missing_id_is_named) {
  expect_authenticated("GETATTRS\r\n", "500 GETATTRS needs 1 parameters (event)\r\n");
}

TEST_P(Reading, C10_an_unknown_case_does_not_exist) {
  expect_authenticated({{"GETATTRS 999\r\n", "500 event \"999\" does not exist\r\n"},
                        {"GETATTRS 0\r\n", "500 event \"0\" does not exist\r\n"},
                        {"GETATTRS x\r\n", "500 event \"x\" does not exist\r\n"},
                        {"GETATTRS 1.0\r\n", "500 event \"1.0\" does not exist\r\n"},
                        {"GETATTRS 99999999999999999999\r\n", "500 event \"99999999999999999999\" does not exist\r\n"}});
}

TEST_P(Reading, C13_ids_are_read_as_python_reads_integers) {
  session.log_in();
  const std::string seven = session.send("GETATTRS 7\r\n");
  const std::string one = session.send("GETATTRS 1\r\n");
  const std::string digits(4301, '1');
  expect({{"GETATTRS 007\r\n", seven},
          {"GETATTRS +1\r\n", one},
          {"GETATTRS  1\r\n", one},
          {"GETATTRS \u0661\r\n", one},
          {"GETATTRS 1_0\r\n", "500 event \"10\" does not exist\r\n"},
          {"GETATTRS -0\r\n", "500 event \"0\" does not exist\r\n"},
          {"GETATTRS 1__0\r\n", "500 event \"1__0\" does not exist\r\n"},
          {"GETATTRS 00000000000000000000000000000000000099\r\n", "500 event \"99\" does not exist\r\n"},
          {"GETATTRS " + digits + "\r\n", "500 event \"" + digits + "\" does not exist\r\n"}});
}

TEST_P(Reading, C15_history_keeps_inner_empty_lines_and_drops_the_last) {
  expect_authenticated("GETHIST 1\r\n",
                       kHistory + crlf("1763800000 state change embryonic -> open (monitor)\n1763800000 ford\n line one\n \n"
                                       " line three\n.\n"));
}

TEST_P(Reading, C16_log_lines_go_on_behind_a_space) {
  expect_authenticated("GETLOG 1\r\n", kLog + crlf("1763800000 example-gw log line æøå\n1763800000 multi\n line log\n.\n"));
}

TEST_P(Reading, C17_unknown_ids_and_empty_lists) {
  expect_authenticated({{"GETHIST 99\r\n", "500 event \"99\" does not exist\r\n"},
                        {"GETLOG y\r\n", "500 event \"y\" does not exist\r\n"},
                        {"GETHIST 2\r\n", kHistory + ".\r\n"},
                        {"GETLOG 2\r\n", kLog + ".\r\n"}});
}

/// A state of one case with a log of these messages.
std::string state_with_log(const std::vector<std::string>& messages) {
  Json state = Json::object();
  Json& subject = state["events"]["events"]["1"];
  subject = {{"id", 1}, {"router", "r"}, {"type", "Event"}, {"state", "open"}, {"opened", 1763800000}};
  for (const std::string& message : messages) {
    subject["log"].push_back({{"timestamp", "2025-11-22T08:26:40Z"}, {"message", message}});
  }
  return state.dump();
}

class OddMessages : public Conformance {
 protected:
  OddMessages() : Conformance(state_with_log({"\nsecond", ".", "a\r\nb\rc\n\n", "", "v\vf\fg\x1Cn\u0085l\u2028p"})) {}
};
UNCORK_IN_EVERY_WAY(OddMessages);

TEST_P(OddMessages, C19_messages_are_split_at_every_line_break_and_an_empty_one_is_answered) {
  expect_authenticated(
      "GETLOG 1\r\n",
      kLog + crlf("1763800000 \n second\n1763800000 .\n1763800000 a\n b\n c\n \n1763800000 \n1763800000 v\n f\n g\n n\n l\n p\n"
                  ".\n"));
}

class HostileValues : public Conformance {
 protected:
  HostileValues()
      : Conformance(
            R"({"events":{"events":{"1":{"id":1,"router":"r\r\n.\r\n","type":"Event","opened":0,"lastevent":"a\n.\nb"}}}})") {}
};
UNCORK_IN_EVERY_WAY(HostileValues);

TEST_P(HostileValues, line_breaks_in_values_do_not_end_the_reply) {
  expect_authenticated("GETATTRS 1\r\n",
                       kAttributes + crlf("id: 1\nrouter: r  .  \ntype: Event\nstate: embryonic\nopened: 0\npriority: 100\n"
                                          "lastevent: a . b\n.\n"));
}

class LongLog : public Conformance {
 protected:
  LongLog() : Conformance(state_with_log(messages())) {}
  static std::vector<std::string> messages() {
    std::vector<std::string> all;
    for (int i = 0; i < 5000; ++i) all.push_back("line " + std::to_string(i) + " of a long log, ø");
    return all;
  }
};
UNCORK_IN_EVERY_WAY(LongLog);

TEST_P(LongLog, C21_a_long_reply_is_complete_in_order_and_one_send) {
  std::string reply = kLog;
  for (const std::string& message : messages()) reply += "1763800000 " + message + "\r\n";
  reply += ".\r\n";
  ASSERT_GT(reply.size(), 65536U);
  session.log_in();
  session.sends();
  expect("GETLOG 1\r\n", reply);
  EXPECT_EQ(session.sends().size(), GetParam().second == Writes::coalesced ? 1U : 5002U);
}

class WideCharacters : public Conformance {
 protected:
  WideCharacters() : Conformance(state_with_log({std::string(4095 - kLog.size() - 11, 'x') + "ø and on"})) {}
};
UNCORK_IN_EVERY_WAY(WideCharacters);

TEST_P(WideCharacters, C22_a_character_across_byte_4096_stays_whole) {
  session.log_in();
  const std::string reply = session.send("GETLOG 1\r\n");
  EXPECT_EQ(reply.substr(4095, 2), "ø");
  EXPECT_EQ(reply.substr(4097), " and on\r\n.\r\n");
}

}  // namespace
}  // namespace uncork::zino::testing
