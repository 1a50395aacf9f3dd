#pragma once
// What `uncork lab churn` and `uncork lab stress` share on the command line.

#include "core/clock.hpp"
#include "core/stop_signal.hpp"
#include "lab/sockets/soak.hpp"

namespace uncork::cli {

/// A line of progress where standard error is a terminal. `stop` and what is returned must outlive the run.
class SoakLine {
 public:
  SoakLine(core::StopSignal& stop, core::Micros duration);
  ~SoakLine();
  SoakLine(const SoakLine&) = delete;
  SoakLine& operator=(const SoakLine&) = delete;

  [[nodiscard]] lab::SoakObserver observer();

 private:
  core::StopSignal& stop_;
  core::Micros duration_;
  bool shown_;
};

}  // namespace uncork::cli
