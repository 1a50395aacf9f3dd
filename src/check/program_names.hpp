#pragma once
// What a process calls itself, remembered beyond its end.

#include <cstddef>
#include <string>
#include <unordered_map>

#include "stall/verdict.hpp"

namespace uncork::check {

/// A row of a source names the thread that wrote, and a program may name each of its threads; a service is one program's. Keeps
/// at most kMost names. Not thread-safe.
class ProgramNames {
 public:
  static constexpr std::size_t kMost = 65'536;

  /// The name of the process; that of the row when it ended before anybody looked.
  [[nodiscard]] std::string name_of(const stall::Process& process);

 private:
  std::unordered_map<std::int32_t, std::string> names_;
};

}  // namespace uncork::check
