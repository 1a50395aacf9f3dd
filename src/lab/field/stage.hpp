#pragma once
// Plays a case: its processes, the link between them, and what the ledger says of each end.

#include <functional>
#include <string>

#include "core/result.hpp"
#include "lab/field/accounts.hpp"
#include "lab/field/case.hpp"
#include "lab/field/play.hpp"

namespace uncork::lab::field {

/// A case with the text that its processes read again.
struct Script {
  std::string text;
  Case parsed;
};

enum class Health : std::uint8_t { sick, cured };

/// Plays it once, over loopback or over a link of its own, whose near end has the client and the relay. `proceed` is asked every
/// few milliseconds; false ends it with an error. Errors: not_permitted and not_supported if no link can be made; refused or
/// internal if the case came to no end.
[[nodiscard]] core::Result<Play> play(const Script& script, Health health, Accounts& accounts,
                                      const std::function<bool()>& proceed);

}  // namespace uncork::lab::field
