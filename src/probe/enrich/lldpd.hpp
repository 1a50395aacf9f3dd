#pragma once
// Asks lldpd which devices it hears.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "probe/enrich/lldp_answer.hpp"

namespace uncork::probe {

/// Where lldpd listens unless told otherwise. Its group (often _lldpd) or root may ask.
inline constexpr const char* kLldpdSocket = "/run/lldpd.socket";

/// The neighbour on each of `interfaces`, in their order; nothing: lldpd knows no such interface, or hears nobody there. Only
/// questions are sent, never a change of settings, whichever version answers. Blocks until the answers are there, at most until
/// `deadline`. Errors: what the socket says; not_supported for a version that is not known.
[[nodiscard]] core::Result<std::vector<std::optional<LldpNeighbour>>> ask_lldpd(const std::string& path,
                                                                                std::span<const std::string> interfaces,
                                                                                core::Time deadline);

}  // namespace uncork::probe
