#include "collect/backoff.hpp"

#include <algorithm>

namespace uncork::collect {

core::Micros Backoff::failed(std::optional<core::Micros> at_least) {
  constexpr std::uint64_t kMostDoublings = 20;
  const std::int64_t doubled = options_.first.count() << std::min(failures_, kMostDoublings);
  ++failures_;
  const std::int64_t longest = std::min(doubled, options_.most.count());
  std::uniform_int_distribution<std::int64_t> between(longest / 2, longest);
  return std::max(core::Micros(between(random_)), at_least.value_or(core::Micros{0}));
}

}  // namespace uncork::collect
