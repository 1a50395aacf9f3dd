#pragma once
// Whether the scenario `heartbeat` showed what it must.

#include <string>
#include <vector>

#include "lab/heartbeat/heartbeat.hpp"

namespace uncork::lab {

/// `slow`, `any_frame`, `peer_silent`, `writing`: for scripts. An error that is not ours is its message; none is `-`.
[[nodiscard]] std::string name(PeerKind peer);
[[nodiscard]] std::string name(stream::liveness_policy policy);
[[nodiscard]] std::string name(stream::liveness_clock clock);
[[nodiscard]] std::string name(const boost::system::error_code& error);

/// Why a run did not behave as its setup must; empty if it did.
[[nodiscard]] std::string why_failed(const HeartbeatRow& row, const HeartbeatTimes& times);

/// Each row judged by itself (failed_because), then each cell. A cell that must live through waits longer than the silence limit
/// has not been measured if a run of it had none.
[[nodiscard]] std::vector<Criterion> judge_heartbeat(std::vector<HeartbeatRow>& rows, const HeartbeatTimes& times);

}  // namespace uncork::lab
