#pragma once
// The bar of a transfer, on standard error if that is a terminal.

#include <cstdint>

#include "core/clock.hpp"

namespace uncork::cli {

/// Redraws one line, ten times a second at most; wipes it when destroyed or told to. Does nothing without a terminal. One thread.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `expected` 0: not known.
  void show(std::uint64_t done, std::uint64_t expected);
  /// A new transfer begins.
  void restart();
  void clear();

 private:
  int width_;
  bool shown_ = false;
  core::Time begun_;
  core::Time next_;
};

}  // namespace uncork::cli
