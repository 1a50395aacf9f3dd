#pragma once
// Verdicts to show: a chatty server on loopback.

#include <string>
#include <utility>

#include "stall/verdict.hpp"

namespace uncork::report {

constexpr core::Micros ms(std::int64_t count) { return core::Micros(count * 1000); }

inline stall::ConnectionEnd some_end(std::string command = "python3") {
  stall::ConnectionEnd end;
  end.cookie = 7;
  end.process = {4711, std::move(command)};
  end.local = core::parse_endpoint("127.0.0.1:8001").value();
  end.remote = core::parse_endpoint("127.0.0.1:50314").value();
  end.nodelay = false;
  return end;
}

/// 25 exchanges that lost a second together to `cause`, of 1.25 busy ones.
inline stall::Account some_account(stall::Cause cause = stall::Cause::nagle_delayed_ack) {
  stall::Account account;
  account.exchanges = 25;
  account.holds = 25;
  account.hold_log2[15] = 25;
  account.writes = 75;
  account.wrote_bytes = 3600;
  account.received_bytes = 500;
  account.budget[stall::Cause::local_think] = ms(250);
  account.budget[stall::Cause::idle] = ms(750);
  account.budget[cause] += ms(1000);
  return account;
}

inline stall::Verdict some_verdict(stall::Cause cause = stall::Cause::nagle_delayed_ack, stall::ConnectionEnd end = some_end()) {
  return stall::conclude(std::move(end), some_account(cause), stall::Confidence::witnessed);
}

/// Names that a process can give itself and that must not reach a terminal.
inline const std::string kClearsTheScreen = "\x1b[2J";
inline const std::string kTwoLines = "a\nb\rc";
inline const std::string kNotUtf8 = "a\xff\xc3";

}  // namespace uncork::report
