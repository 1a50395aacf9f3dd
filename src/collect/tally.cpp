#include "collect/tally.hpp"

#include "core/count.hpp"

namespace uncork::collect {

std::string to_string(const Tally& tally) {
  return core::count_of(tally.parcels, "parcel") + " (" + core::count_of(tally.rows, "row") + ", " +
         core::count_of(tally.bytes, "byte") + ")";
}

}  // namespace uncork::collect
