#pragma once
// The audit of an HTTP/2 server on this machine: which limits it really enforces.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http2/audit/probe.hpp"
#include "http2/audit/transport.hpp"
#include "http2/audit/verdict.hpp"

namespace uncork::http2::audit {

/// What one probe may use.
struct Bounds {
  std::chrono::milliseconds time{5000};       ///< but for those that hold
  std::chrono::milliseconds stall_for{5000};  ///< for those that do
  std::uint64_t frames = 20'000;
  std::size_t bytes = std::size_t{8} << 20U;
};

struct Finding {
  const Probe* probe = nullptr;
  Outcome outcome;
};

struct Findings {
  unsigned healthy_status = 0;    ///< of a plain request, before any probe
  std::vector<Finding> findings;  ///< shorter than what was asked for if the server died
};

/// All there are, in the order of the report.
[[nodiscard]] std::vector<const Probe*> all_probes();

/// Told before each probe: its number from 0, and how many there are.
using Observer = std::function<void(std::size_t number, std::size_t count, const Probe& probe)>;

/// Runs the probes one after the other, each on a connection of its own and each followed by a plain request on another. Fails if
/// there is no HTTP/2 at the beginning. Blocks.
[[nodiscard]] std::expected<Findings, std::string> audit(const Target& target, const Subject& subject,
                                                         const std::vector<const Probe*>& probes, const Bounds& bounds,
                                                         const Observer& observer);

}  // namespace uncork::http2::audit
