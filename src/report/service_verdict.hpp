#pragma once
// A verdict about a service, for people and for programs.

#include <string>
#include <string_view>

#include "core/json.hpp"
#include "stall/service.hpp"

namespace uncork::report {

/// Five or six lines as of a connection's verdict, each ending in a newline; safe to print whatever programs call themselves.
[[nodiscard]] std::string service_verdict_text(const stall::ServiceVerdict& verdict);

/// The fields of a connection's verdict (verdict_json.hpp) without its addresses, and those of a service; docs/watch.md has the
/// shape.
[[nodiscard]] core::Json service_verdict_json(const stall::ServiceVerdict& verdict, std::string_view type = "verdict");

}  // namespace uncork::report
