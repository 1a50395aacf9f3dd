// The front on real sockets, before our own server and before servers that err.

#include "zino/front/front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>

#include "core/syscall.hpp"
#include "tests/zino/serving.hpp"
#include "zino/client/case_reply.hpp"
#include "zino/client/fetch.hpp"

namespace uncork::zino {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr auto kPatience = 20s;  // for what must come; nothing waits so long when all is well

std::vector<Reply> everything(const ConnectOptions& login) {
  auto client = Client::connect(login);
  EXPECT_TRUE(client) << client.error().message;
  std::vector<Reply> replies;
  const auto ask = [&](const std::string& command) {
    auto reply = client->request(command);
    EXPECT_TRUE(reply) << reply.error().message;
    replies.push_back(*reply);
  };
  ask("CASEIDS");
  const auto ids = case_ids(replies.front());
  for (const CaseId id : *ids) {
    for (const char* command : kFetchCommands) ask(std::string(command) + " " + std::to_string(id));
  }
  for (const char* command : {"GETATTRS 0", "NO SUCH THING", "PM LIST", "PM DETAILS 1", "HELP", "VERSION"}) ask(command);
  return replies;
}

TEST(FrontNet, gives_the_replies_that_the_server_gives) {
  const testing::ServedFixture served(60);
  const testing::Running front = testing::front_of(served.at());
  EXPECT_EQ(everything(served.login(front.at)), everything(served.login()));
}

TEST(FrontNet, a_hundred_clients_at_once_are_all_answered) {
  const testing::ServedFixture served(30);
  const testing::Running front = testing::front_of(served.at());
  std::atomic<unsigned> cases = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 100; ++i) {
      clients.emplace_back([&] {
        FetchOptions options;
        options.connect = served.login(front.at);
        const auto result = fetch_all(options);
        cases += result ? result->cases : 0;
      });
    }
  }
  EXPECT_EQ(cases, 3000U);
}

TEST(FrontNet, a_client_sees_what_it_wrote_itself) {
  const testing::ServedFixture served(5);
  const testing::Running front = testing::front_of(served.at());
  auto client = Client::connect(served.login(front.at));
  ASSERT_TRUE(client);
  const auto ids = case_ids(*client->request("CASEIDS"));
  const std::string id = std::to_string(ids->front());
  for (const char* state : {"waiting", "working", "confirm-wait"}) {
    EXPECT_EQ(client->request("SETSTATE " + id + " " + state)->code, 200);
    EXPECT_THAT(client->request("GETATTRS " + id)->lines, Contains(std::string("state: ") + state));
  }
}

TEST(FrontNet, a_notification_through_the_front_ends_what_was_known_of_its_case) {
  const testing::ServedFixture served(5);
  const testing::Running front = testing::front_of(served.at());
  auto client = Client::connect(served.login(front.at));
  auto other = Client::connect(served.login());
  ASSERT_TRUE(client && other);
  auto channel = Connection::open("127.0.0.1", front.at.notifications.port, kPatience);
  ASSERT_TRUE(channel);
  std::string nothing;
  std::string nonce;
  ASSERT_TRUE(channel->exchange(nothing, nonce, core::MonotonicClock::now() + kPatience));
  ASSERT_EQ(nonce.size(), 42U) << "the nonce in one piece";
  ASSERT_EQ(client->request("NTIE " + nonce.substr(0, 40))->code, 200);
  const auto ids = case_ids(*client->request("CASEIDS"));
  const std::string id = std::to_string(ids->front());
  (void)client->request("GETATTRS " + std::to_string(ids->back()));  // so all of them have come
  for (const char* state : {"waiting", "working"}) (void)other->request("SETSTATE " + id + " " + state);
  std::string heard;
  while (heard.find(id + " state waiting working\r\n") == std::string::npos)
    ASSERT_GT(channel->exchange(nothing, heard, core::MonotonicClock::now() + kPatience).value_or(0), 0U);
  EXPECT_THAT(client->request("GETATTRS " + id)->lines, Contains("state: working"));
}

TEST(FrontNet, without_the_server_the_client_is_closed_and_told_nothing) {
  const auto listener = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  Listening gone;
  gone.commands = gone.notifications = *core::local_endpoint(*listener);
  const_cast<core::Fd&>(*listener).reset();
  const testing::Running front = testing::front_of(gone);
  for (const std::uint16_t port : {front.at.commands.port, front.at.notifications.port}) {
    auto client = Connection::open("127.0.0.1", port, kPatience);
    ASSERT_TRUE(client);
    std::string nothing;
    std::string heard;
    EXPECT_EQ(client->exchange(nothing, heard, core::MonotonicClock::now() + kPatience).value_or(0), 0U);
    EXPECT_EQ(heard, "");
  }
}

TEST(FrontNet, a_server_that_dies_in_an_answer_closes_the_client_without_that_answer) {
  const auto listener = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  Listening at;
  at.commands = at.notifications = *core::local_endpoint(*listener);
  const testing::Running front = testing::front_of(at);
  const std::jthread server([&] {
    core::Fd socket = std::move(*core::tcp_accept(*listener));
    const auto send = [&](const std::string& text) { (void)core::send_all(socket, std::as_bytes(std::span(text))); };
    std::array<std::byte, 4096> ignored;
    send("200 challenge Hello, there\r\n");
    (void)core::read_some(socket, ignored);
    send("200 ok\r\n");
    (void)core::read_some(socket, ignored);
    send("304 list\r\n1\r\n.\r\n");
    (void)core::read_some(socket, ignored);
    send("303 attributes\r\nid: 1\r\n");
  });
  ConnectOptions login;
  login.port = front.at.commands.port;
  login.user = "user";
  auto client = Client::connect(login);
  ASSERT_TRUE(client) << client.error().message;
  EXPECT_EQ(client->request("CASEIDS")->lines, std::vector<std::string>{"1"});
  const auto answer = client->request("GETATTRS 1");
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message,
              ::testing::AnyOf(HasSubstr("closed the connection"), HasSubstr("reset"), HasSubstr("Broken pipe")));
}

TEST(FrontNet, a_client_that_reads_nothing_does_not_disturb_another) {
  const testing::ServedFixture served(30);
  const testing::Running front = testing::front_of(served.at());
  auto unread = Connection::open("127.0.0.1", front.at.commands.port, 1s);
  ASSERT_TRUE(unread);
  auto bad = core::tcp_connect(front.at.commands);
  ASSERT_TRUE(bad);
  const std::string flood(60'000, '\n');
  for (int i = 0; i < 200; ++i) (void)core::send_some(*bad, std::as_bytes(std::span(flood)), MSG_DONTWAIT);
  FetchOptions options;
  options.connect = served.login(front.at);
  const auto result = fetch_all(options);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->cases, 30U);
}

/// Bytes of ours that are in use; 0 under a sanitizer, which has an allocator of its own.
std::size_t in_use() { return ::mallinfo2().uordblks + ::mallinfo2().hblkhd; }

TEST(FrontNet, a_silent_client_costs_little_and_nothing_once_it_has_gone) {
  constexpr std::size_t kClients = 200;
  const auto listener = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  Listening at;
  at.commands = at.notifications = *core::local_endpoint(*listener);
  const testing::Running front = testing::front_of(at);
  const std::string greeting = "200 challenge Hello, there\r\n";
  std::vector<core::Fd> ends;
  ends.reserve(2 * kClients);
  const auto connect = [&] {
    ends.push_back(std::move(*core::tcp_connect(front.at.commands)));
    ends.push_back(std::move(*core::tcp_accept(*listener)));
    (void)core::send_all(ends.back(), std::as_bytes(std::span(greeting)));
    std::array<std::byte, 64> heard;
    const core::Fd& client = ends[ends.size() - 2];
    EXPECT_TRUE(core::wait_readable(client, core::MonotonicClock::now() + kPatience).value_or(false));
    EXPECT_EQ(core::read_some(client, heard)->count, greeting.size());
  };
  connect();  // what the front has once for all
  const std::size_t before = in_use();
  for (std::size_t i = 1; i < kClients; ++i) connect();
  EXPECT_LT(in_use(), before + kClients * 16 * 1024);
  ends.clear();
  const core::Time until = core::MonotonicClock::now() + kPatience;
  while (in_use() > before + kClients * 1024 && core::MonotonicClock::now() < until) std::this_thread::sleep_for(50ms);
  EXPECT_LE(in_use(), before + kClients * 1024) << "what is kept for the next clients' descriptors is less";
}

}  // namespace
}  // namespace uncork::zino
