#pragma once
// The built program, run as its user runs it.

#include <functional>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace uncork::cli::testing {

struct Finished {
  int exit = -1;  ///< its exit code, or 128 + the signal that ended it
  std::string out;
  std::string err;
};

/// Where what the program writes goes.
enum class Sink {
  read,         ///< to us
  closed,       ///< nowhere: the descriptor is not open
  full,         ///< to a disk that is full
  reader_gone,  ///< into a pipe that nobody reads any more
};

/// What is done to the program while it runs.
struct During {
  int signal = 0;                ///< sent once, after its first byte on either stream unless told otherwise below; 0: none
  unsigned user = 0;             ///< runs it as this user id; 0: as we are
  core::Micros signal_after{0};  ///< if not 0, the signal comes that long after the start, whatever the program has said
  std::function<bool(const Finished&)> signal_once{};  ///< if set, the signal comes once this holds of what was said so far
  Sink out = Sink::read;
  Sink err = Sink::read;
  unsigned short columns = 0;  ///< its output is a terminal so wide, and comes without CR; 0: a pipe
};

/// Runs the program with `arguments` and no input until it ends; SIGKILL after a minute.
[[nodiscard]] Finished run_program(const std::vector<std::string>& arguments, const During& during = {});

/// A whole file of the source tree.
[[nodiscard]] std::string source_file(const std::string& path);

}  // namespace uncork::cli::testing
