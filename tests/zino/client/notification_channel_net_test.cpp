// The notification channel against our own server, and against servers that send it in odd pieces.

#include "zino/client/notification_channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "core/syscall.hpp"
#include "tests/zino/serving.hpp"
#include "zino/client/case_reply.hpp"

namespace uncork::zino {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

core::Time soon() { return core::MonotonicClock::now() + std::chrono::seconds(20); }

TEST(NotificationChannel, tells_what_another_session_does) {
  const testing::ServedFixture served(3);
  auto session = Client::connect(served.login());
  ASSERT_TRUE(session) << session.error().message;
  auto channel = NotificationChannel::open(served.login(), *session);
  ASSERT_TRUE(channel) << channel.error().message;
  EXPECT_FALSE(channel->next(core::MonotonicClock::now())->has_value()) << "nothing has happened yet";

  auto other = Client::connect(served.login());
  const CaseId id = case_ids(*other->request("CASEIDS"))->front();
  ASSERT_EQ(other->request("SETSTATE " + std::to_string(id) + " closed")->code, 200);
  const auto first = channel->next(soon());
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->id, id);
  EXPECT_EQ((*first)->type, "state");
  EXPECT_THAT((*first)->value, EndsWith(" closed"));
}

TEST(NotificationChannel, ends_with_its_session) {
  const testing::ServedFixture served(1);
  auto session = Client::connect(served.login());
  auto channel = NotificationChannel::open(served.login(), *session);
  ASSERT_TRUE(channel) << channel.error().message;
  ASSERT_EQ(session->request("QUIT")->code, 205);
  EXPECT_THAT(channel->next(soon()).error().message, AllOf(StartsWith("127.0.0.1:"), HasSubstr("has ended the session")));
}

TEST(NotificationChannel, the_commands_port_is_no_notification_port) {
  const testing::ServedFixture served(1);
  auto session = Client::connect(served.login());
  ConnectOptions wrong = served.login();
  wrong.notify_port = wrong.port;
  const auto channel = NotificationChannel::open(wrong, *session);
  ASSERT_FALSE(channel);
  EXPECT_THAT(channel.error().message, HasSubstr("is it the notification port of a Zino server?"));
}

/// What a channel sees of a server that sends `pieces` apart from each other and then closes; the session is with a real one.
class OddServer {
 public:
  explicit OddServer(std::vector<std::string> pieces)
      : thread_([this, pieces = std::move(pieces)] {
          const core::Fd socket = std::move(*core::tcp_accept(*listener_));
          for (const std::string& piece : pieces) {
            (void)core::send_all(socket, std::as_bytes(std::span(piece)));
            std::this_thread::sleep_for(std::chrono::milliseconds(5));  // so that most pieces are read by themselves
          }
        }) {}
  [[nodiscard]] std::uint16_t port() const { return core::local_endpoint(*listener_)->port; }

 private:
  core::Result<core::Fd> listener_ = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  std::jthread thread_;
};

std::string open_error(std::vector<std::string> pieces) {
  const testing::ServedFixture served(1);
  auto session = Client::connect(served.login());
  OddServer odd(std::move(pieces));
  ConnectOptions options = served.login();
  options.notify_port = odd.port();
  const auto channel = NotificationChannel::open(options, *session);
  return channel ? "" : channel.error().message;
}

TEST(NotificationChannel, a_nonce_in_pieces_is_one_nonce) {
  EXPECT_THAT(open_error({"ab", "cdef", "0123", "\r", "\n"}), HasSubstr("cannot be tied to the session: "))
      << "our server refuses it, since it did not make it";
}

TEST(NotificationChannel, a_server_that_sends_no_nonce_is_an_error) {
  EXPECT_THAT(open_error({"\r\n"}), HasSubstr("begins with '', which is not a nonce"));
  EXPECT_THAT(open_error({"200 hello there\r\n"}), HasSubstr("begins with '200 hello there', which is not a nonce"));
  EXPECT_THAT(open_error({"abcdef"}), HasSubstr("closed the connection"));
  EXPECT_THAT(open_error({std::string(NotificationChannel::kLongestLine + 1, 'a'), "b"}), HasSubstr("sends a line of more than"));
}

}  // namespace
}  // namespace uncork::zino
