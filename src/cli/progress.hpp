#pragma once
// How far something is, on standard error if that is a terminal.

#include <cstdint>
#include <string>

#include "core/clock.hpp"

namespace uncork::cli {

/// One line, redrawn ten times a second at most; wiped when destroyed or told to. Does nothing without a terminal. One thread.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// The bar of a transfer of bytes; `expected` 0: not known.
  void show(std::uint64_t done, std::uint64_t expected);
  /// `34 of 100 cases`.
  void show_count(std::uint64_t done, std::uint64_t expected, const char* what);
  /// A new transfer begins.
  void restart();
  void clear();

 private:
  bool due();
  void draw(const std::string& line);

  int width_;
  bool shown_ = false;
  core::Time begun_;
  core::Time next_;
};

}  // namespace uncork::cli
