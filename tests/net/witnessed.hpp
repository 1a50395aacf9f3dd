#pragma once
// A test under the kernel's witness: attaches it, finds the account of a socket, and says what is wrong with one.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/fd.hpp"
#include "probe/witness.hpp"
#include "tests/probe/privilege.hpp"  // UNCORK_SKIP_TEST

namespace uncork::net_test {

/// SO_COOKIE, by which the witness knows a socket.
[[nodiscard]] std::uint64_t cookie_of(const core::Fd& socket);

/// Attaches the witness before each test and detaches it after; skips, with the reason, where that is not possible. The
/// witness sees every socket of the machine; a test looks only at its own.
class Witnessed : public testing::Test {
 protected:
  void SetUp() override { attach({}); }
  void attach(const probe::WitnessOptions& options);

  [[nodiscard]] std::vector<probe::ConnectionRow> poll();
  /// The row of a socket that has carried something. Throws if there is none.
  [[nodiscard]] probe::ConnectionRow row_of(const core::Fd& socket);
  [[nodiscard]] stall::Account account_of(const core::Fd& socket) { return row_of(socket).account; }
  /// Polls until the socket with that cookie has ended, and gives its last row.
  [[nodiscard]] probe::ConnectionRow last_row_of(std::uint64_t cookie);
  /// The live row of the socket with these ports, whoever owns it.
  [[nodiscard]] std::optional<probe::ConnectionRow> row_at(std::uint16_t local_port, std::uint16_t remote_port);

  std::unique_ptr<probe::Witness> witness_;
};

/// What was charged between two accounts of one socket.
[[nodiscard]] stall::Budget between(const stall::Account& before, const stall::Account& after);

/// `nagle_delayed_ack 1032.1 ms, idle 0.2 ms`: what is not zero.
[[nodiscard]] std::string to_string(const stall::Budget& budget);

/// At least `share` of the time that was not idle is charged to `cause`.
[[nodiscard]] testing::AssertionResult mostly(stall::Cause cause, const stall::Budget& budget, double share = 0.9);
/// What is charged to `cause` lies in the band.
[[nodiscard]] testing::AssertionResult charges(stall::Cause cause, const stall::Budget& budget, core::Micros least,
                                               core::Micros most);
/// Nothing is charged to a stall, and nothing is unattributed.
[[nodiscard]] testing::AssertionResult loses_nothing(const stall::Budget& budget);

}  // namespace uncork::net_test
