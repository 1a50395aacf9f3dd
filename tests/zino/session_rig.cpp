#include "tests/zino/session_rig.hpp"

#include <numeric>

namespace uncork::zino::testing {
namespace {

State load(const std::string& text) {
  auto state = parse_state(text, kNow);
  if (!state) ADD_FAILURE() << state.error().message;
  return state.value_or(State());
}

}  // namespace

RigHost::RigHost(const std::string& state) : store_(load(state)), routers_(parse_polldevs(fixture_polldevs()).value().routers) {}

std::string RigHost::poll(const Router& router, std::optional<std::int64_t> ifindex) {
  if (!polling_configured) return "500 polling is not configured";
  polled.push_back(router.name + (ifindex ? " " + std::to_string(*ifindex) : ""));
  return "200 ok";
}

std::string RigHost::commit(const Change& change) {
  const auto read = parse_change(serialize(change));
  if (!read || !(*read == change)) ADD_FAILURE() << "a change differs behind its serialised form: " << serialize(change);
  const Applied applied = store_.apply(*read);
  for (const Notification& notification : applied.notifications) {
    for (const ChannelId channel : hub.tied()) sent_[channel] += notification_line(notification);
  }
  return applied.reply;
}

RigSession::RigSession(RigHost& host, Feeding feeding, Writes writes, unsigned number)
    : host_(host),
      feeding_(feeding),
      writes_(writes),
      challenge_(make_challenge()),
      session_(host, SessionId{number}, challenge_) {}

std::string RigSession::run() {
  std::string output;
  for (;;) {
    const auto step = session_.next(now);
    if (const auto* reply = std::get_if<Session::Reply>(&step)) {
      for (const std::string_view piece : sends_of(reply->bytes, writes_)) {
        sends_.emplace_back(piece);
        output += piece;
      }
    } else if (const auto* commit = std::get_if<Session::Commit>(&step)) {
      EXPECT_TRUE(std::holds_alternative<Session::Wait>(session_.next(now))) << "nothing may overtake a change";
      session_.finish(host_.commit(commit->change));
    } else {
      ended_ = ended_ || std::holds_alternative<Session::End>(step);
      return output;
    }
  }
}

std::string RigSession::send(std::string_view bytes) {
  if (feeding_ != Feeding::bytes) {
    session_.feed(bytes);
    return run();
  }
  std::string output;
  for (const char& byte : bytes) {
    session_.feed({&byte, 1});
    const std::string answer = run();
    EXPECT_TRUE(answer.empty() || byte == '\n' || ended_) << "an answer before the end of the line";
    output += answer;
  }
  return output;
}

std::string RigSession::end_of_input() {
  session_.end_of_input();
  return run();
}

void RigSession::log_in(const std::string& user, const std::string& secret) {
  EXPECT_EQ(send("USER " + user + " " + expected_response(challenge_, secret) + "\r\n"), "200 ok\r\n");
}

void Conformance::expect(const Exchanges& exchanges) {
  if (GetParam().first != Feeding::pipelined) {
    for (const auto& [request, reply] : exchanges) EXPECT_EQ(session.send(request), reply) << request;
    return;
  }
  std::string requests;
  std::string replies;
  for (const auto& [request, reply] : exchanges) {
    requests += request;
    replies += reply;
  }
  EXPECT_EQ(session.send(requests), replies);
}

std::string Conformance::history(int id) { return session.send("GETHIST " + std::to_string(id) + "\r\n"); }

std::string way_name(const ::testing::TestParamInfo<Way>& info) {
  const Feeding feeding = info.param.first;
  const std::string input = feeding == Feeding::whole ? "whole" : feeding == Feeding::bytes ? "byte_at_a_time" : "pipelined";
  return input + (info.param.second == Writes::coalesced ? "_coalesced" : "_per_line");
}

std::vector<Way> all_ways() {
  std::vector<Way> ways;
  for (const Feeding feeding : {Feeding::whole, Feeding::bytes, Feeding::pipelined}) {
    for (const Writes writes : {Writes::coalesced, Writes::per_line}) ways.emplace_back(feeding, writes);
  }
  return ways;
}

std::string crlf(const std::string& text) {
  std::string lines;
  for (const char c : text) {
    if (c == '\n') lines += '\r';
    lines += c;
  }
  return lines;
}

}  // namespace uncork::zino::testing
