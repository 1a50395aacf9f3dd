#pragma once
// Sums by container, made of those of the services that are in it.

#include <vector>

#include "sink/store/reader.hpp"

namespace uncork::sink {

/// The services of a container as one line, whose command is what the container is called; those in none make one too.
[[nodiscard]] std::vector<SummedService> by_container(const std::vector<SummedService>& services);

}  // namespace uncork::sink
