#pragma once
// The client of the experiment, ours or zinolib: lists every case and times each command.

#include <functional>

#include "core/endpoint.hpp"
#include "lab/zino/experiment.hpp"
#include "zino/fixture/fixture.hpp"

namespace uncork::lab {

/// Fills `total`, `times`, `cases`, `replies` and, by our own client, `s2c_chunks` of `run`. `proceed` is asked often, with the
/// commands that have been answered (0 by zinolib, which does not tell); false ends it with an error.
[[nodiscard]] core::Status list_cases(ZinoClient client, const core::Endpoint& at, const zino::Fixture& fixture, ZinoRun& run,
                                      const std::function<bool(unsigned)>& proceed);

}  // namespace uncork::lab
