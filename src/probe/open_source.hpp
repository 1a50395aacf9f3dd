#pragma once
// The best source that this machine and user allow.

#include <memory>
#include <string>

#include "probe/sampler.hpp"
#include "probe/source.hpp"
#include "probe/witness.hpp"

namespace uncork::probe {

struct OpenedSource {
  std::unique_ptr<Source> source;
  std::string why_sampled;  ///< why the witness was unavailable; empty when it is the witness
};

/// The witness, or else sampling (with `sampling`'s limits on what to look at), or the sampler's error.
[[nodiscard]] core::Result<OpenedSource> open_source(const SamplerOptions& sampling, const WitnessOptions& witnessing = {});

}  // namespace uncork::probe
