#pragma once
// Parcels that can be told apart.

#include <cstdint>
#include <string>

#include "sink/outlet/parcel.hpp"

namespace uncork::collect::testing {

/// Says its number, in lines; `size` bytes in all, at least 20.
inline sink::Parcel some_parcel(std::uint32_t number, std::size_t size = 40) {
  std::string text = std::to_string(number) + "\n";
  if (size > text.size()) text += std::string(size - text.size() - 1, 'x') + "\n";
  return {text, 2, sink::Framing::lines};
}

inline std::uint32_t number_of(const sink::Parcel& parcel) { return static_cast<std::uint32_t>(std::stoul(parcel.bytes)); }

}  // namespace uncork::collect::testing
