#pragma once
// The criteria that all soaks share.

#include <cstdint>
#include <vector>

#include "lab/criteria.hpp"
#include "lab/sockets/figures.hpp"

namespace uncork::lab {

/// That there were looks; that every one had every socket once, each under its name and address; that the watcher never ended;
/// that it uses few threads, no more descriptors than a few and one for each namespace, its memory does not grow, and no look
/// takes much longer than others.
[[nodiscard]] std::vector<Criterion> judge_soak(const SoakFigures& figures);

}  // namespace uncork::lab
