#pragma once
// Whether the scenario `http2` showed what it must.

#include <optional>
#include <string>
#include <vector>

#include "lab/coalesce/coalesce_judge.hpp"
#include "lab/http2/http2.hpp"

namespace uncork::lab {

/// `turn`, `response`, `frame`, `frame-more`, `frame-nagle`; `c10m100`: for scripts and arguments.
[[nodiscard]] std::string name(Http2Sends sends);
[[nodiscard]] std::string name(const LoadShape& shape);

/// Null if there is none.
[[nodiscard]] const Http2Row* find(const std::vector<Http2Row>& rows, Transport transport, const LoadShape& shape,
                                   Http2Sends sends);
/// Requests a second as a multiple of those of `frame` under the same load; nothing if either is missing.
[[nodiscard]] std::optional<Ratio> against_frame(const std::vector<Http2Row>& rows, const Http2Row& row);
/// Whether the witness saw that Nagle held what this machine's servers sent by the frame; nothing without the witness. Where the
/// loopback shows no stall there is nothing to judge.
[[nodiscard]] std::optional<bool> nagle_was_seen(const std::vector<Http2Row>& rows);

[[nodiscard]] std::vector<Criterion> judge_http2(const std::vector<Http2Row>& rows);

}  // namespace uncork::lab
