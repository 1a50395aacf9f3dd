#pragma once
// How the chatty scenario is shown: a line a cell, the cure, a plain sentence; or one JSON document.

#include <string>

#include "core/json.hpp"
#include "lab/chatty/chatty.hpp"

namespace uncork::lab {

/// The column titles, then a newline.
[[nodiscard]] std::string chatty_heading();
/// One cell as a line under chatty_heading(), with a newline; a failed one says why.
[[nodiscard]] std::string chatty_line(const Cell& cell);
/// The cure: exchanges before and after.
[[nodiscard]] std::string cure_text(const Cure& cure);
/// What the run has shown, in one plain sentence or two.
[[nodiscard]] std::string chatty_sentence(const ChattyResult& result);

/// `{"scenario":"chatty","passed":bool,"cells":[...],"cure":{...}}`; docs/lab.md has the whole shape.
[[nodiscard]] core::Json chatty_json(const ChattyResult& result, stall::Confidence confidence);

}  // namespace uncork::lab
