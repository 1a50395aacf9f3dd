#pragma once
// A socket as a case wants it: made, connected or accepted, with its options.

#include "core/endpoint.hpp"
#include "core/fd.hpp"
#include "core/result.hpp"
#include "lab/field/case.hpp"

namespace uncork::lab::field {

/// Connected; buffers and congestion control were set before, since the window that is offered depends on them. Reads and writes
/// give up after 30 s.
[[nodiscard]] core::Result<core::Fd> connect_as(const Setup& setup, const core::Endpoint& to);
/// Listening with the options that a connection inherits.
[[nodiscard]] core::Result<core::Fd> listen_as(const Setup& setup, const core::Endpoint& at);
[[nodiscard]] core::Result<core::Fd> accept_as(const Setup& setup, const core::Fd& listener);

}  // namespace uncork::lab::field
