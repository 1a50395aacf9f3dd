#pragma once
// How much of it: parcels, their rows, their bytes.

#include <cstdint>
#include <string>

#include "sink/outlet/parcel.hpp"

namespace uncork::collect {

/// A value.
struct Tally {
  std::uint64_t parcels = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  ///< of the envelopes, without what a spool writes around them

  [[nodiscard]] static Tally of(const sink::Parcel& parcel) { return {1, parcel.rows, parcel.bytes.size()}; }

  Tally& operator+=(const Tally& other) {
    parcels += other.parcels;
    rows += other.rows;
    bytes += other.bytes;
    return *this;
  }
  Tally& operator-=(const Tally& other) {
    parcels -= other.parcels;
    rows -= other.rows;
    bytes -= other.bytes;
    return *this;
  }
  friend bool operator==(const Tally&, const Tally&) = default;
  [[nodiscard]] bool empty() const { return parcels == 0; }
};

/// `3 parcels (1200 rows, 480000 bytes)`.
[[nodiscard]] std::string to_string(const Tally& tally);

}  // namespace uncork::collect
