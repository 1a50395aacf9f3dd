#include "probe/open_source.hpp"

#include <utility>

namespace uncork::probe {

core::Result<OpenedSource> open_source(const SamplerOptions& sampling, const WitnessOptions& witnessing) {
  auto witness = Witness::attach(witnessing);
  if (witness) return OpenedSource{std::move(*witness), ""};
  auto sampler = Sampler::start(sampling);
  if (!sampler) return core::fail(sampler.error());
  return OpenedSource{std::move(*sampler), witness.error().message};
}

}  // namespace uncork::probe
