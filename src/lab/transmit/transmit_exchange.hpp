#pragma once
// One cell of the scenario `transmit`: one strategy, one file size, one connection.

#include <functional>

#include "lab/transmit/transmit.hpp"
#include "link/link.hpp"

namespace uncork::lab {

/// Sends the first `file_bytes` of `file` `runs` times, after a few exchanges that warm the connection up. `proceed` is asked
/// before each; false ends it with an error.
[[nodiscard]] core::Result<TransmitRow> measure_exchanges(const link::Link& link, SendStrategy strategy, int file,
                                                          std::uint64_t file_bytes, unsigned runs, probe::Source& source,
                                                          const std::function<bool()>& proceed);

}  // namespace uncork::lab
