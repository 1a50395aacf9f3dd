#pragma once
// What curing and undoing share: one socket's option switched, one process's record read and written.

#include "core/error.hpp"
#include "core/result.hpp"
#include "cure/process_sockets.hpp"
#include "cure/state_directory.hpp"
#include "cure/state_file.hpp"
#include "cure/watcher.hpp"

namespace uncork::cure {

/// By the port, at either end.
[[nodiscard]] bool matches(const TcpSocket& socket, const CureOptions& options);

enum class Switched : std::uint8_t { done, was_so, gone };

/// Sets the option, unless the program has done so itself meanwhile or the descriptor no longer means this socket.
[[nodiscard]] core::Result<Switched> switch_option(const ProcessSockets& process, const TcpSocket& socket, bool on);

/// The error with the process and the socket in front.
[[nodiscard]] core::Error name_socket(const core::Error& error, const ProcessSockets& process, const TcpSocket& socket);

/// The state of this very process; an empty one when there is none, or one of an earlier process with the same pid.
[[nodiscard]] core::Result<CureState> load_own(const StateDirectory& states, const ProcessIdentity& process);

/// Sorts it, and removes the file of one that names no socket. Call with the lock held.
[[nodiscard]] core::Status store(const StateDirectory& states, CureState& state);

}  // namespace uncork::cure
