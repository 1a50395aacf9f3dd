// Conformance cases G: the notification channel. G01, G03 and G09 over sockets: see server_net_test.cpp.

#include <gmock/gmock.h>

#include "tests/zino/session_rig.hpp"

namespace uncork::zino::testing {
namespace {

const std::string kOk = "200 ok\r\n";

class Notifying : public Conformance {
 protected:
  Notifying() : channel(host.hub.open("n1")) {}
  ChannelId channel;
};
UNCORK_IN_EVERY_WAY(Notifying);

TEST_P(Notifying, G02_tying) {
  expect("NTIE n1\r\n", "500 Not authenticated\r\n");
  expect_authenticated({{"NTIE n1\r\n", kOk},
                        {"NTIE n1\r\n", kOk},
                        {"NTIE bogus\r\n", "500 Could not find your notify socket\r\n"},
                        {"NTIE\r\n", "500 NTIE needs 1 parameters (nonce)\r\n"}});
}

TEST_P(Notifying, G03_an_untied_channel_gets_nothing) {
  expect_authenticated("SETSTATE 5 working\r\n", kOk);
  EXPECT_EQ(host.received(channel), "");
}

TEST_P(Notifying, G04_every_tied_channel_hears_of_every_sessions_changes) {
  const ChannelId other_channel = host.hub.open("n2");
  RigSession other(host, GetParam().first, GetParam().second, 2);
  other.log_in();
  other.send("NTIE n2\r\n");
  expect_authenticated({{"NTIE n1\r\n", kOk}, {"SETSTATE 5 working\r\n", kOk}});
  EXPECT_EQ(host.received(channel), "5 state open working\r\n5 history 1\r\n");
  EXPECT_EQ(host.received(other_channel), "5 state open working\r\n5 history 1\r\n");
}

TEST_P(Notifying, G05_addhist) {
  session.log_in();
  session.send("NTIE n1\r\n");
  session.send("ADDHIST 5\r\nx\r\n.\r\n");
  EXPECT_EQ(host.received(channel), "5 history 1\r\n");
}

TEST_P(Notifying, G06_the_channel_tied_last_ends_with_the_session) {
  const ChannelId second = host.hub.open("n2");
  expect_authenticated({{"NTIE n1\r\n", kOk}, {"NTIE n2\r\n", kOk}});
  EXPECT_EQ(host.hub.end_session(SessionId{1}), second);
  EXPECT_EQ(host.hub.end_session(SessionId{1}), std::nullopt);
  host.hub.close(second);
  EXPECT_THAT(host.hub.tied(), ::testing::ElementsAre(channel));  // the earlier one goes on hearing
}

TEST_P(Notifying, G07_a_new_case_and_a_scavenged_one_are_one_line_each) {
  session.log_in();
  session.send("NTIE n1\r\nPM CANCEL 2\r\n");
  const Timestamp during{std::chrono::seconds(1764547260)};  // PM 1 has begun: two alarms are new, the third is there
  host.commit({during, "", RunMaintenance{}});
  EXPECT_EQ(host.received(channel),
            "5 state open ignored\r\n5 history 1\r\n"
            "8 state embryonic open\r\n8 state open ignored\r\n8 history 1\r\n"
            "6 state open ignored\r\n6 history 1\r\n");
  host.commit({during, "", Scavenge{host.store().expired_cases(during)}});
  EXPECT_EQ(host.received(channel), "7 scavenged \r\n");
  EXPECT_EQ(session.send("GETATTRS 7\r\n"), "500 event \"7\" does not exist\r\n");
}

TEST_P(Notifying, G09_the_nonce_of_a_dead_channel_is_unknown) {
  session.log_in();
  session.send("NTIE n1\r\n");
  host.hub.close(channel);
  expect({{"SETSTATE 5 working\r\n", kOk}, {"NTIE n1\r\n", "500 Could not find your notify socket\r\n"}});
}

TEST_P(Notifying, G10_a_second_session_takes_the_channel_over) {
  RigSession other(host, GetParam().first, GetParam().second, 2);
  other.log_in();
  expect_authenticated("NTIE n1\r\n", kOk);
  EXPECT_EQ(other.send("NTIE n1\r\n"), kOk);
  EXPECT_EQ(host.hub.end_session(SessionId{1}), std::nullopt);
  EXPECT_EQ(host.hub.end_session(SessionId{2}), channel);
}

}  // namespace
}  // namespace uncork::zino::testing
