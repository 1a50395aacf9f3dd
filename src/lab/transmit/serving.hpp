#pragma once
// Our file server and nginx in turn, over the same link, to the same client.

#include <functional>

#include "lab/transmit/transmit.hpp"
#include "link/link.hpp"

namespace uncork::lab {

/// Fills `serving`, `why_no_nginx` and `memory_growth_kb` of `result`. `proceed` is asked before each round; false ends it with
/// an error. `file` has `options.large` bytes.
[[nodiscard]] core::Status measure_serving(const link::Link& link, int file, const TransmitOptions& options,
                                           TransmitResult& result, const std::function<bool(unsigned round)>& proceed);

}  // namespace uncork::lab
