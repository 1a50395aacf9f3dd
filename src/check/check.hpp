#pragma once
// A test suite run over a loopback with a round trip, watched, and judged service by service.

#include <optional>
#include <string>
#include <vector>

#include "check/judgement.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "link/carrier.hpp"

namespace uncork::check {

struct CheckOptions {
  std::vector<std::string> command;
  core::Micros round_trip{1000};        ///< 0 without loss: plain loopback, in a namespace of its own all the same
  double loss = 0;                      ///< 0 to 1, of the packets of either way
  std::optional<core::Micros> limit{};  ///< what a service may lose an exchange in the mean; by default_limit() if not given
};

/// A quarter of the round trip, so that what costs a part of one shows however short it is; 5 ms at most, and on plain loopback.
[[nodiscard]] core::Micros default_limit(core::Micros round_trip);

struct CheckReport {
  int command_exit = 0;                  ///< the shell's own where it could not begin
  std::optional<core::Error> not_begun;  ///< why it could not; then nothing else is here
  core::Micros took{0};
  core::Micros limit{0};  ///< which was used
  std::vector<Judgement> services;
  stall::Confidence confidence = stall::Confidence::witnessed;
  std::vector<std::string> notes;   ///< what people should know of this run, one sentence each
  std::vector<std::string> limits;  ///< what the source cannot see here, or missed
  [[nodiscard]] std::size_t failed() const;
};

/// Runs the command to its end, and ends what it has left. Moves this process, for good, into a network namespace of its own;
/// call while it has one thread. Errors: what is missing here; command::Command's, if the command could not begin.
[[nodiscard]] core::Result<CheckReport> run_check(const CheckOptions& options);

}  // namespace uncork::check
