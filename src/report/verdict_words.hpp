#pragma once
// The sentences that verdicts about connections and about services share.

#include <string>

#include "stall/account.hpp"
#include "stall/verdict.hpp"

namespace uncork::report {

/// `Nagle held bytes until the peer's delayed ACK (nagle_delayed_ack, witnessed)`, or `no stall (witnessed)`.
[[nodiscard]] std::string what_text(stall::Cause cause, stall::Fault fault, stall::Confidence confidence);
/// `45 exchanges, 44 holds, median 32.8 ms to 65.5 ms; 5.0 writes an exchange, 8 bytes a write`.
[[nodiscard]] std::string pattern_text(const stall::Account& account);
/// `1.91 s lost of 1.92 s (100 %), 42.5 ms an exchange; also cork 12 ms`.
[[nodiscard]] std::string cost_text(const stall::Account& account, stall::Cause worst);
/// A line on late writes and its newline, where a person could notice them; else nothing.
[[nodiscard]] std::string late_line(const stall::Account& account);

}  // namespace uncork::report
