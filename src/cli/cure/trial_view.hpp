#pragma once
// How a trial is shown: a line a window on a terminal, a table and a sentence at the end, or NDJSON.

#include <cstddef>
#include <string>

#include "core/json.hpp"
#include "cure/trial/verdict.hpp"

namespace uncork::cli {

/// What became of the trial, besides its verdict.
struct TrialEnd {
  bool whole = true;      ///< every window was; else it was cut short
  std::string why_short;  ///< "the process has ended"
  std::size_t kept = 0;   ///< sockets that keep the option
  std::size_t restored = 0;
  std::string undo;  ///< the command that takes it back; empty: nothing is kept
};

/// `window 3 of 14, with TCP_NODELAY: 1203 exchanges, mean 0.31 ms`.
[[nodiscard]] std::string window_line(std::size_t number, std::size_t of, const cure::TrialWindow& window);
[[nodiscard]] core::Json window_json(std::size_t number, const cure::TrialWindow& window);

/// Figures without and with the option, their ratio and its interval, then the sentence and what was done.
[[nodiscard]] std::string trial_page(const cure::TrialVerdict& verdict, const TrialEnd& end);
[[nodiscard]] core::Json trial_json(const cure::TrialVerdict& verdict, const TrialEnd& end);

}  // namespace uncork::cli
