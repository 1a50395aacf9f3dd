#pragma once
// From a destination to its outlet.

#include <memory>

#include "sink/outlet/destination.hpp"
#include "sink/outlet/outlet.hpp"

namespace uncork::sink {

/// Opens and connects nothing yet: that is deliver()'s.
[[nodiscard]] std::unique_ptr<Outlet> make_outlet(const Destination& destination);

}  // namespace uncork::sink
