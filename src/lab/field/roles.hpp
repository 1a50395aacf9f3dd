#pragma once
// The processes of a case: its client, its server, and the relay between them.

#include <functional>
#include <string>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "lab/field/case.hpp"

namespace uncork::lab::field {

/// Told the address at which the process listens, or the one from which it has connected.
using OnAddress = std::function<void(const core::Endpoint&)>;
/// Told a finished part of the exchanges: how many, and how long they took together.
using OnPlayed = std::function<void(unsigned exchanges, core::Micros wall)>;

/// Plays the first exchange and waits for SIGUSR1, plays the others and waits for it again, then closes. With threads an exchange
/// is one of every thread. Blocks SIGUSR1 in this process; gives up waiting for it after two minutes.
[[nodiscard]] core::Status run_client(const Case& field_case, const core::Endpoint& server, const OnAddress& on_connected,
                                      const OnPlayed& on_played);

/// Serves one connection: every exchange, then the end.
[[nodiscard]] core::Status run_server(const Case& field_case, const core::Endpoint& listen, const OnAddress& on_listening);

/// Passes one connection on, each read as a write of its own, until both ends have closed.
[[nodiscard]] core::Status run_relay(const Case& field_case, const core::Endpoint& listen, const core::Endpoint& server,
                                     const OnAddress& on_listening);

}  // namespace uncork::lab::field
