#pragma once
// From what `uncork cure` was asked to the processes that it means.

#include "cli/cure/options.hpp"
#include "core/result.hpp"
#include "cure/select/selector.hpp"

namespace uncork::cli {

/// Exactly one way of meaning processes must have been given; the error says which there are. The name of a container is
/// resolved here, once: it may ask a daemon, for 2 s at most.
[[nodiscard]] core::Result<cure::Selector> selector_of(const CureArguments& arguments);

/// `--port 8001`, `--comm nginx --port 80`: what was asked, to be said again with --undo.
[[nodiscard]] std::string words_of(const CureArguments& arguments);

}  // namespace uncork::cli
