#include "zino/front/front_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>

#include "tests/zino/session_rig.hpp"

namespace uncork::zino {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr core::Time kBegin{};

std::string attributes(int id, const std::string& state = "open") {
  return "303 simple attributes follow\r\nid: " + std::to_string(id) + "\r\nstate: " + state + "\r\n.\r\n";
}
std::string history(int id) { return "301 history follows\r\n" + std::to_string(id) + " monitor\r\n.\r\n"; }

/// A session behind which a server is played; the greeting is over.
class FrontSessionTest : public ::testing::Test {
 protected:
  FrontSessionTest() { EXPECT_EQ(server("200 challenge Hello, there\r\n"), "200 challenge Hello, there\r\n"); }
  /// What goes to the server when the client says this.
  std::string client(const std::string& bytes, core::Micros at = 0s) {
    session.from_client(bytes, kBegin + at);
    return session.take_for_server();
  }
  /// What goes to the client when the server says this.
  std::string server(const std::string& bytes, core::Micros at = 0s) {
    session.from_server(bytes, kBegin + at);
    return session.take_for_client();
  }
  /// The client lists cases 1 to `count`; what the front then asks.
  std::string list(int count) {
    EXPECT_EQ(client("CASEIDS\r\n"), "CASEIDS\r\n");
    std::string listing = "304 list\r\n";
    for (int id = 1; id <= count; ++id) listing += std::to_string(id) + "\r\n";
    EXPECT_EQ(server(listing + ".\r\n"), listing + ".\r\n");
    return session.take_for_server();
  }

  FrontSession session{4};
};

TEST_F(FrontSessionTest, passes_everything_through_as_it_is) {
  EXPECT_EQ(client("user x y  -\r\n"), "user x y  -\r\n");
  EXPECT_EQ(server("200"), "200") << "bytes are not kept back";
  EXPECT_EQ(server(" ok\r\n"), " ok\r\n");
  EXPECT_EQ(client("\xFF\xFE what\n"), "\xFF\xFE what\n");
}

TEST_F(FrontSessionTest, asks_for_attributes_ahead_as_many_as_it_may) {
  EXPECT_EQ(list(6), "GETATTRS 1\r\nGETATTRS 2\r\nGETATTRS 3\r\nGETATTRS 4\r\n");
  EXPECT_THAT(server(attributes(1)), IsEmpty()) << "nobody has asked";
  EXPECT_EQ(session.take_for_server(), "GETATTRS 5\r\n");
}

TEST_F(FrontSessionTest, an_answer_that_has_come_is_given_once_and_at_once) {
  list(1);
  server(attributes(1));
  EXPECT_THAT(client("getattrs 1  -\r\n"), IsEmpty());
  EXPECT_EQ(session.take_for_client(), attributes(1));
  EXPECT_EQ(client("GETATTRS 1\r\n"), "GETATTRS 1\r\n") << "used up: asked again";
  EXPECT_EQ(server(attributes(1, "working")), attributes(1, "working"));
}

TEST_F(FrontSessionTest, an_answer_that_is_under_way_is_waited_for) {
  list(1);
  EXPECT_THAT(client("GETATTRS 1\r\n"), IsEmpty());
  EXPECT_THAT(session.take_for_client(), IsEmpty());
  EXPECT_THAT(server("303 simple attributes follow\r\nid: 1\r\nsta"), IsEmpty()) << "an answer is one send";
  EXPECT_EQ(server("te: open\r\n.\r\n"), attributes(1));
}

TEST_F(FrontSessionTest, history_is_asked_ahead_once_the_client_has_asked_for_one) {
  list(3);
  server(attributes(1) + attributes(2) + attributes(3));
  EXPECT_EQ(client("GETATTRS 1\r\nGETHIST 1\r\n"), "GETHIST 1\r\nGETHIST 2\r\nGETHIST 3\r\n");
  EXPECT_EQ(session.take_for_client(), attributes(1));
  EXPECT_EQ(server(history(1) + history(2)), history(1));
  EXPECT_THAT(client("GETATTRS 2\r\nGETHIST 2\r\n"), IsEmpty());
  EXPECT_EQ(session.take_for_client(), attributes(2) + history(2));
}

TEST_F(FrontSessionTest, the_next_listing_begins_with_what_was_asked_after_the_last) {
  list(1);
  server(attributes(1));
  client("GETHIST 1\r\n");
  server(history(1));
  EXPECT_EQ(list(2), "GETHIST 1\r\nGETHIST 2\r\n");
}

TEST_F(FrontSessionTest, an_answer_expires_after_two_seconds) {
  list(2);
  server(attributes(1) + attributes(2));
  EXPECT_EQ(client("GETATTRS 1\r\n", 2s), "") << "just in time";
  EXPECT_EQ(session.take_for_client(), attributes(1));
  EXPECT_EQ(client("GETATTRS 2\r\n", 2s + 1us), "GETATTRS 2\r\n");
  EXPECT_EQ(session.counts().expired, 1U);
}

TEST_F(FrontSessionTest, a_client_that_was_long_silent_is_not_in_a_listing_any_more) {
  list(1);
  server(attributes(1));
  session.sweep(kBegin + 31s);
  EXPECT_EQ(client("GETATTRS 1\r\n", 31s), "GETATTRS 1\r\n");
  EXPECT_EQ(server(attributes(1), 31s), attributes(1));
  EXPECT_EQ(list(1), "GETATTRS 1\r\n") << "the next listing is asked ahead as ever";
}

TEST_F(FrontSessionTest, what_the_client_writes_drops_what_was_fetched) {
  list(2);
  server(attributes(1) + attributes(2));
  EXPECT_EQ(client("SETSTATE 1 working\r\n"), "SETSTATE 1 working\r\n");
  EXPECT_EQ(server("200 ok\r\n"), "200 ok\r\n");
  EXPECT_EQ(client("GETATTRS 1\r\n"), "GETATTRS 1\r\n");
  EXPECT_EQ(session.counts().dropped, 2U);
}

TEST_F(FrontSessionTest, nothing_else_is_sent_while_answers_are_under_way) {
  list(2);
  EXPECT_THAT(client("WHAT\r\n"), IsEmpty()) << "Zino 2 would answer it first";
  EXPECT_THAT(server(attributes(1)), IsEmpty());
  EXPECT_THAT(session.take_for_server(), IsEmpty());
  server(attributes(2));
  EXPECT_EQ(session.take_for_server(), "WHAT\r\n");
  EXPECT_EQ(server("500 unknown command: \"WHAT\"\r\n"), "500 unknown command: \"WHAT\"\r\n");
}

TEST_F(FrontSessionTest, a_notification_drops_what_is_known_of_its_case) {
  list(2);
  server(attributes(1) + attributes(2));
  session.case_changed(1);
  EXPECT_EQ(client("GETATTRS 1\r\n"), "GETATTRS 1\r\n");
  EXPECT_EQ(server(attributes(1, "working")), attributes(1, "working"));
  EXPECT_THAT(client("GETATTRS 2\r\n"), IsEmpty()) << "the other case is as it was";
  EXPECT_EQ(session.take_for_client(), attributes(2));
}

TEST_F(FrontSessionTest, a_notification_also_drops_what_is_under_way_and_it_is_asked_again) {
  list(1);
  client("GETATTRS 1\r\n");
  session.case_changed(1);
  EXPECT_THAT(server(attributes(1)), IsEmpty());
  EXPECT_EQ(session.take_for_server(), "GETATTRS 1\r\n");
  EXPECT_EQ(server(attributes(1, "working")), attributes(1, "working"));
}

TEST_F(FrontSessionTest, an_error_that_was_fetched_ahead_is_not_given_the_client_hears_it_itself) {
  for (const std::string& bad :
       {std::string("500 event \"1\" does not exist\r\n"), std::string("303 a\r\nid: 1\r\n500 internal error\r\n")}) {
    FrontSession fresh(4);
    std::swap(session, fresh);
    server("200 challenge Hello, there\r\n");
    list(1);
    EXPECT_THAT(client("GETATTRS 1\r\n"), IsEmpty());
    EXPECT_THAT(server(bad), IsEmpty());
    EXPECT_EQ(session.take_for_server(), "GETATTRS 1\r\n");
    EXPECT_EQ(server("500 event \"1\" does not exist\r\n"), "500 event \"1\" does not exist\r\n");
  }
}

TEST_F(FrontSessionTest, a_body_passes_until_its_end_and_is_no_command) {
  EXPECT_EQ(client("ADDHIST 1\r\nGETATTRS 1\r\nQUIT\r\n.\r\nVERSION\r\n"), "ADDHIST 1\r\n")
      << "a server may not take a body early";
  EXPECT_EQ(server("302 please\r\n"), "302 please\r\n");
  EXPECT_EQ(session.take_for_server(), "GETATTRS 1\r\nQUIT\r\n.\r\n");
  EXPECT_EQ(server("200 ok\r\n"), "200 ok\r\n");
  EXPECT_EQ(session.take_for_server(), "VERSION\r\n");
}

TEST_F(FrontSessionTest, an_id_that_was_not_listed_or_is_written_oddly_passes) {
  list(1);
  server(attributes(1));
  EXPECT_EQ(client("GETATTRS 0\r\n"), "GETATTRS 0\r\n");
  server("500 event \"0\" does not exist\r\n");
  EXPECT_EQ(client("GETATTRS 01\r\n"), "GETATTRS 01\r\n");
  server(attributes(1));
  EXPECT_THAT(client("GETATTRS 1\r\n"), IsEmpty()) << "neither was a write";
}

TEST_F(FrontSessionTest, ends_when_the_client_has_ended_and_was_answered) {
  client("VERSION\r\n");
  session.client_ended();
  EXPECT_FALSE(session.finished());
  server("200 zino version is 2.5.1\r\n");
  EXPECT_TRUE(session.finished());
}

TEST_F(FrontSessionTest, a_line_without_end_ends_it) {
  client(std::string(FrontSession::kLongestLine, 'A'));
  EXPECT_TRUE(session.finished());
}

TEST_F(FrontSessionTest, a_client_that_sends_much_is_not_read_from_while_it_waits) {
  client("VERSION\r\n");
  for (int i = 0; i < 10'000; ++i) client("VERSION\r\n");
  EXPECT_FALSE(session.wants_client());
}

/// The replies that a client gets from our own server, directly, and through the front.
TEST(FrontSession, gives_what_the_server_would_have_given_in_whatever_pieces_all_comes) {
  rc::check([] {
    static const std::vector<std::string> kCommands = {"CASEIDS",
                                                       "GETATTRS 1",
                                                       "gethist 1",
                                                       "GETLOG 1  -",
                                                       "GETATTRS 2",
                                                       "GETATTRS 3",
                                                       "GETHIST 3",
                                                       "GETATTRS 7",
                                                       "GETATTRS x",
                                                       "VERSION",
                                                       "NO SUCH THING",
                                                       "PM LIST",
                                                       "SETSTATE 3 working",
                                                       "ADDHIST 2\r\nGETATTRS 1\r\n.",
                                                       "HELP",
                                                       ""};
    const auto picks = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(0, kCommands.size()));
    std::string commands;
    for (const std::size_t pick : picks) commands += kCommands[pick] + "\r\n";
    testing::RigHost direct_host;
    Session direct(direct_host, SessionId{1}, std::string(40, 'a'));
    testing::RigHost behind_host;
    Session behind(behind_host, SessionId{1}, std::string(40, 'a'));
    const std::string login = "USER user1 " + expected_response(std::string(40, 'a'), "secret one") + "\r\n";
    const auto serve = [](testing::RigHost& host, Session& session, std::string_view bytes) {
      session.feed(bytes);
      std::string replies;
      for (;;) {
        Session::Step step = session.next(testing::kNow);
        if (auto* reply = std::get_if<Session::Reply>(&step)) {
          replies += reply->bytes;
        } else if (auto* commit = std::get_if<Session::Commit>(&step)) {
          session.finish(host.commit(commit->change));
        } else {
          return replies;
        }
      }
    };
    const std::string expected = direct.greeting() + serve(direct_host, direct, login + commands);
    FrontSession front(3);
    front.from_server(behind.greeting(), kBegin);
    std::string left = login + commands;
    std::string answered;
    std::string got = front.take_for_client();
    // Either side moves a few bytes at a time, until neither can. Drawn from one number: a draw of rapidcheck's for each piece is
    // slow.
    std::minstd_rand draw(*rc::gen::inRange<std::uint32_t>(1, 1'000'000));
    while (!left.empty() || !answered.empty()) {
      const auto from_client = std::min<std::size_t>(left.size(), draw() % 40);
      front.from_client(left.substr(0, from_client), kBegin);
      left.erase(0, from_client);
      answered += serve(behind_host, behind, front.take_for_server());
      const auto from_server = std::min<std::size_t>(answered.size(), 1 + draw() % 200);
      front.from_server(answered.substr(0, from_server), kBegin);
      answered.erase(0, from_server);
      answered += serve(behind_host, behind, front.take_for_server());
      got += front.take_for_client();
    }
    RC_ASSERT(got == expected);
  });
}

}  // namespace
}  // namespace uncork::zino
