#pragma once
// One probe on a connection of its own.

#include "http2/audit/audit.hpp"

namespace uncork::http2::audit {

/// `healthy_status` is what a plain request gets. Blocks for as long as `bounds` say at most.
[[nodiscard]] Outcome run_probe(const Probe& probe, const Target& target, Subject subject, const Bounds& bounds,
                                unsigned healthy_status);

}  // namespace uncork::http2::audit
