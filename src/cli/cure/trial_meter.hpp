#pragma once
// What a trial measures: the kernel's books of the chosen processes, their CPU time, their segments.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "cure/trial/expense.hpp"
#include "cure/trial/verdict.hpp"
#include "probe/witness.hpp"
#include "stall/exchange_times.hpp"

namespace uncork::cli {

/// Everything as it stood at one moment; two of them make a window.
struct TrialReading {
  core::Time at{};
  stall::Account account;
  stall::ExchangeTimes times;
  std::uint64_t connections = 0;  ///< ever seen
  std::uint64_t open = 0;
  std::uint64_t cpu_ns = 0;
  cure::SegmentCounts segments;
};

/// Needs the kernel's witness, and so root (or CAP_BPF and CAP_PERFMON). One thread.
class TrialMeter {
 public:
  [[nodiscard]] static core::Result<TrialMeter> start(std::optional<std::uint16_t> port);

  /// Processes that are measured from now on.
  [[nodiscard]] core::Status add(const std::vector<pid_t>& pids);
  [[nodiscard]] core::Result<TrialReading> read(const std::vector<pid_t>& pids);

 private:
  TrialMeter(std::unique_ptr<probe::Witness> witness, std::optional<std::uint16_t> port)
      : witness_(std::move(witness)), port_(port) {}

  std::unique_ptr<probe::Witness> witness_;
  std::optional<std::uint16_t> port_;
  std::map<pid_t, std::uint64_t> cpu_ns_;  // as read last, of ended ones too
};

[[nodiscard]] cure::TrialWindow window_between(const TrialReading& begin, const TrialReading& end, bool nodelay);

}  // namespace uncork::cli
