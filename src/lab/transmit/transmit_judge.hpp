#pragma once
// Whether the scenario `transmit` showed what it must.

#include <vector>

#include "lab/transmit/transmit.hpp"

namespace uncork::lab {

[[nodiscard]] std::vector<Criterion> judge_transmit(const TransmitResult& result);

}  // namespace uncork::lab
