#pragma once
// A verdict for programs: one JSON object, its shape documented in docs/watch.md and held by a test.

#include <string_view>

#include "core/json.hpp"
#include "stall/verdict.hpp"

namespace uncork::report {

/// `{"type":"verdict","pid":n,"comm":s,"local":s,"remote":s,"netns":s,"wall_ms":x,"lost_ms":x,"budget_ms":{cause:x,...},"cause":s,
/// "exchanges":n,"holds":n,"writes_per_exchange":x,"bytes_per_write":x,"confidence":s,"remedy":s}` and what else is known.
/// `type` lets the same shape serve the live lines.
[[nodiscard]] core::Json verdict_json(const stall::Verdict& verdict, std::string_view type = "verdict");

/// One line of JSON in ASCII, with bytes that are not UTF-8 replaced (a command may hold any), and a newline.
[[nodiscard]] std::string json_line(const core::Json& value);

}  // namespace uncork::report
