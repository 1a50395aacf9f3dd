// The client against our own server, and against servers that err.

#include "zino/client/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/syscall.hpp"
#include "tests/zino/serving.hpp"
#include "zino/client/case_reply.hpp"
#include "zino/client/fetch.hpp"

namespace uncork::zino {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;

FetchOptions fetching(const ConnectOptions& login, std::size_t pipeline = 1) {
  FetchOptions options;
  options.connect = login;
  options.pipeline = pipeline;
  return options;
}

TEST(ClientNet, lists_every_case_one_command_at_a_time_or_many) {
  for (const Writes writes : {Writes::coalesced, Writes::per_line}) {
    const testing::ServedFixture served(40, writes);
    for (const std::size_t pipeline : {1UL, 2UL, 7UL, 1000UL}) {
      const auto result = fetch_all(fetching(served.login(), pipeline));
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_EQ(result->cases, 40U);
      EXPECT_EQ(result->gone, 0U);
      EXPECT_EQ(result->replies, 123U);
      for (const auto& [command, times] : result->times) EXPECT_EQ(times.size(), 40U) << command;
      if (pipeline == 1 && writes == Writes::coalesced) {
        EXPECT_EQ(result->chunks.size(), 123U) << "a reply is one chunk";
      }
    }
  }
}

TEST(ClientNet, a_thousand_clients_at_once_are_all_answered) {
  const testing::ServedFixture served(20);
  std::atomic<unsigned> cases = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 1000; ++i) {
      clients.emplace_back([&] {
        const auto result = fetch_all(fetching(served.login(), 16));
        cases += result ? result->cases : 0;
      });
    }
  }
  EXPECT_EQ(cases, 20'000U);
}

TEST(ClientNet, adds_history_also_with_a_line_that_is_a_dot) {
  const testing::ServedFixture served(1);
  auto client = Client::connect(served.login());
  ASSERT_TRUE(client) << client.error().message;
  const auto ids = case_ids(*client->request("CASEIDS"));
  ASSERT_TRUE(ids);
  const std::string id = std::to_string(ids->front());
  EXPECT_TRUE(client->ask("ADDHIST " + id, "one\n.\nthree"));
  const auto history = client->request("GETHIST " + id);
  const auto& lines = history->lines;
  ASSERT_GE(lines.size(), 4U);
  EXPECT_EQ(std::vector<std::string>(lines.end() - 3, lines.end()), (std::vector<std::string>{" one", " .", " three"}));
  EXPECT_THAT(client->ask("ADDHIST 999999", "text").error().message, HasSubstr("does not exist")) << "no prompt, no body";
  EXPECT_EQ(client->request("VERSION")->code, 200) << "and in step still";
  EXPECT_TRUE(client->quit());
}

TEST(ClientNet, a_refused_login_is_an_error_that_says_so) {
  const testing::ServedFixture served(1);
  ConnectOptions login = served.login();
  login.secret = "wrong";
  const auto client = Client::connect(login);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, core::ErrorCode::not_permitted);
  EXPECT_THAT(client.error().message,
              AllOf(HasSubstr("127.0.0.1:"), HasSubstr("login of operator refused: Authentication failure")));
}

/// What the client says of a server that sends `said` after the login, and then closes or keeps silent.
std::string error_with(const std::string& said, bool closes) {
  const auto listener = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  ConnectOptions login;
  login.port = core::local_endpoint(*listener)->port;
  login.user = "user";
  login.timeout = std::chrono::milliseconds(closes ? 20'000 : 300);
  std::promise<void> done;
  const std::jthread server([&, finished = done.get_future()]() mutable {
    core::Fd socket = std::move(*core::tcp_accept(*listener));
    const auto send = [&](const std::string& text) { (void)core::send_all(socket, std::as_bytes(std::span(text))); };
    std::array<std::byte, 4096> ignored;
    send("200 challenge Hello, there\r\n");
    (void)core::read_some(socket, ignored);
    send("200 ok\r\n");
    (void)core::read_some(socket, ignored);
    send(said);
    if (closes) socket.reset();
    finished.wait();
  });
  const auto result = fetch_all(fetching(login));
  done.set_value();
  return result ? "" : result.error().message;
}

TEST(ClientNet, a_server_that_errs_gives_an_error_and_never_a_short_list) {
  EXPECT_THAT(error_with("304 list\r\n1\r\n2\r\n", true), HasSubstr("the connection ended inside a list, after 2 lines"));
  EXPECT_THAT(error_with("304 list\r\n1\r\n2\r\n", false), HasSubstr("after 300 ms only '304 list' and 2 lines had come"));
  EXPECT_THAT(error_with("", false), HasSubstr("no answer for 300 ms"));
  EXPECT_THAT(error_with("304 list\r\n1\r\nx\r\n.\r\n", false), HasSubstr("the line 'x', which is not an id"));
  EXPECT_THAT(error_with("500 internal error\r\n", false), HasSubstr("CASEIDS: the server refuses: 'internal error'"));
  EXPECT_THAT(error_with("", true), HasSubstr("closed the connection"));
}

TEST(ClientNet, a_name_that_is_not_there_and_a_port_that_is_closed_are_said) {
  ConnectOptions login;
  login.host = "no-such-host.invalid";
  EXPECT_THAT(Client::connect(login).error().message, HasSubstr("find no-such-host.invalid"));
  const auto listener = core::tcp_listen(*core::parse_endpoint("127.0.0.1:0"));
  login.host = "127.0.0.1";
  login.port = core::local_endpoint(*listener)->port;
  const_cast<core::Fd&>(*listener).reset();
  EXPECT_THAT(Client::connect(login).error().message, HasSubstr("Connection refused"));
}

}  // namespace
}  // namespace uncork::zino
