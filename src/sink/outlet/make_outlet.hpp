#pragma once
// From a destination to its outlet.

#include <memory>
#include <string>

#include "sink/outlet/destination.hpp"
#include "sink/outlet/outlet.hpp"

namespace uncork::sink {

/// Opens and connects nothing yet: that is deliver()'s. Each file begins with `heading`; other outlets have none.
[[nodiscard]] std::unique_ptr<Outlet> make_outlet(const Destination& destination, std::string heading = "");

}  // namespace uncork::sink
