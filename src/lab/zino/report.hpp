#pragma once
// The Zino experiment for people and for programs.

#include <string>

#include "core/json.hpp"
#include "lab/zino/experiment.hpp"

namespace uncork::lab {

[[nodiscard]] std::string zino_heading();
/// One run, one line.
[[nodiscard]] std::string zino_line(const ZinoRun& run);
/// What follows the lines: times by command, the published table beside ours, what the witness says, the criteria.
[[nodiscard]] std::string zino_text(const ZinoResult& result);
/// docs/lab.md has its fields.
[[nodiscard]] core::Json zino_json(const ZinoResult& result);

}  // namespace uncork::lab
