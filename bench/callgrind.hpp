#pragma once
// User instructions of a run of a program, which do not change with what else the machine does.

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace uncork::bench {

/// What callgrind counts for `command`; 0 if there is no valgrind.
inline double instructions(std::string_view command) {
  const std::string under = fmt::format("valgrind --tool=callgrind --callgrind-out-file=/dev/null {} 2>&1", command);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(under.c_str(), "r"), ::pclose);
  double counted = 0;
  char line[512];
  while (pipe && std::fgets(line, sizeof line, pipe.get()) != nullptr) {
    const std::string_view text = line;
    const auto at = text.find("Collected : ");
    if (at != std::string_view::npos) counted = std::atof(line + at + 12);
  }
  return counted;
}

}  // namespace uncork::bench
