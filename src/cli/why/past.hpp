#pragma once
// `uncork why` of the past: the same ticket out of what a collector has stored.

#include <string>
#include <vector>

#include "cli/store/asked_span.hpp"
#include "cli/verb.hpp"
#include "core/result.hpp"
#include "stall/service.hpp"

namespace uncork::cli {

/// Prints the ticket about what `word` meant then, by the sums of whole minutes. Exit codes are those of `uncork why`.
[[nodiscard]] core::Result<Exit> why_then(const std::string& word, const AskedSpan& when, const std::string& store, bool json);

/// What matters first, then what lost most.
void put_worst_first(std::vector<stall::ServiceVerdict>& services);

}  // namespace uncork::cli
