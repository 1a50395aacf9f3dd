#pragma once
// A session with all that surrounds it in memory, fed in several ways, its output taken in several ways.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/zino/fixture.hpp"
#include "zino/server/session.hpp"
#include "zino/server/writes.hpp"

namespace uncork::zino::testing {

enum class Feeding { whole, bytes, pipelined };

/// The server around any number of sessions.
class RigHost : public SessionHost {
 public:
  explicit RigHost(const std::string& state = fixture_state());

  [[nodiscard]] const Store& store() const override { return store_; }
  [[nodiscard]] const Routers& routers() const override { return routers_; }
  [[nodiscard]] core::Result<Secrets> secrets() override { return Secrets::parse(secrets_text); }
  bool tie(std::string_view nonce, SessionId session) override { return hub.tie(nonce, session); }
  bool login_allowed(SessionId /*session*/) override { return true; }
  void login_failed(SessionId /*session*/) override { ++failed_logins; }
  std::string poll(const Router& router, std::optional<std::int64_t> ifindex) override;

  /// Applies a change after a trip through its serialised form, and sends its notifications.
  std::string commit(const Change& change);
  /// What a channel has received since the last call.
  std::string received(ChannelId channel) { return std::exchange(sent_[channel], {}); }

  std::string secrets_text = fixture_secrets();
  NotificationHub hub;
  int failed_logins = 0;
  std::vector<std::string> polled;
  bool polling_configured = true;

 private:
  Store store_;
  Routers routers_;
  std::map<ChannelId, std::string> sent_;
};

/// One connection.
class RigSession {
 public:
  RigSession(RigHost& host, Feeding feeding, Writes writes, unsigned number = 1);

  /// Feeds `bytes` as the feeding says; everything that was sent in answer.
  std::string send(std::string_view bytes);
  std::string end_of_input();
  void log_in(const std::string& user = "user1", const std::string& secret = "secret one");
  [[nodiscard]] const std::string& challenge() const { return challenge_; }
  [[nodiscard]] bool ended() const { return ended_; }
  /// Sends since the last call.
  std::vector<std::string> sends() { return std::exchange(sends_, {}); }

  Timestamp now = kNow;

 private:
  std::string run();

  RigHost& host_;
  Feeding feeding_;
  Writes writes_;
  std::string challenge_;
  Session session_;
  std::vector<std::string> sends_;
  bool ended_ = false;
};

using Way = std::pair<Feeding, Writes>;
using Exchanges = std::vector<std::pair<std::string, std::string>>;

/// A test that is run in every way; `session` is not authenticated yet.
class Conformance : public ::testing::TestWithParam<Way> {
 protected:
  Conformance() : Conformance(fixture_state()) {}
  explicit Conformance(const std::string& state) : host(state), session(host, GetParam().first, GetParam().second) {}

  /// Each request gets exactly its reply; pipelined, all requests are one segment.
  void expect(const Exchanges& exchanges);
  void expect(const std::string& request, const std::string& reply) { expect(Exchanges{{request, reply}}); }
  void expect_authenticated(const Exchanges& exchanges) {
    session.log_in();
    expect(exchanges);
  }
  void expect_authenticated(const std::string& request, const std::string& reply) {
    expect_authenticated(Exchanges{{request, reply}});
  }
  std::string history(int id);

  RigHost host;
  RigSession session;
};

[[nodiscard]] std::string way_name(const ::testing::TestParamInfo<Way>& info);
[[nodiscard]] std::vector<Way> all_ways();

/// Text of `text` with CR LF behind every line.
[[nodiscard]] std::string crlf(const std::string& text);

}  // namespace uncork::zino::testing

#define UNCORK_IN_EVERY_WAY(suite)                                                                \
  INSTANTIATE_TEST_SUITE_P(Ways, suite, ::testing::ValuesIn(::uncork::zino::testing::all_ways()), \
                           ::uncork::zino::testing::way_name)
