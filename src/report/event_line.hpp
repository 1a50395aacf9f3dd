#pragma once
// One event of the ledger as a line, for people and for programs.

#include <string>
#include <string_view>

#include "core/json.hpp"
#include "stall/event.hpp"
#include "stall/verdict.hpp"

namespace uncork::report {

/// The word of design and docs: `wrote`, `sent`, `received`, ...
[[nodiscard]] std::string_view name(stall::EventKind kind);

/// `12.345678  python3[4711]  127.0.0.1:8001 -> 127.0.0.1:50000  wrote  48`, and a newline.
[[nodiscard]] std::string event_text(const stall::Event& event, const stall::ConnectionEnd& where);

/// `{"type":"event","at_us":n,"socket":n,"pid":n,"local":s,"remote":s,"event":s,"bytes":n,...}`
[[nodiscard]] core::Json event_json(const stall::Event& event, const stall::ConnectionEnd& where);

}  // namespace uncork::report
