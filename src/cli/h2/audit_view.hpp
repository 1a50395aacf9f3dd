#pragma once
// How `uncork h2 audit` shows what it has found.

#include <cstddef>
#include <string>

#include "core/json.hpp"
#include "http2/audit/audit.hpp"

namespace uncork::cli {

/// `GOAWAY ENHANCE_YOUR_CALM`, `lives longer than 5.00 s`.
[[nodiscard]] std::string sentence_of(const http2::audit::Finding& one, const http2::audit::Bounds& bounds);

/// A row for each probe; `width` as report::Table::render has it.
[[nodiscard]] std::string audit_table(const http2::audit::Findings& found, const http2::audit::Bounds& bounds, std::size_t width);

/// The verdicts counted, in one sentence.
[[nodiscard]] std::string audit_summary(const http2::audit::Findings& found, std::size_t asked);

[[nodiscard]] core::Json to_json(const http2::audit::Finding& one);

}  // namespace uncork::cli
