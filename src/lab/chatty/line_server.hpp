#pragma once
// A server that answers each request line with a few lines, written one by one (as many servers do) or all at once, and takes
// a moment to look up what follows the first.

#include <functional>

#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "relay/proxy_options.hpp"

namespace uncork::lab {

using relay::Nagle;

enum class Writes { per_line, coalesced };

struct LineServerOptions {
  core::Endpoint listen;
  Writes writes = Writes::per_line;
  Nagle nagle = Nagle::on;
  unsigned lines = 12;
};

/// The bytes of line `number` (from 1) of an answer of `lines`: 48 bytes, CR LF included.
[[nodiscard]] std::string answer_line(unsigned number, unsigned lines);

/// Serves one connection after the other until the process ends; returns only on an error of the listener. `on_listening` is told
/// the address. Blocking, one thread.
[[nodiscard]] core::Status run_line_server(const LineServerOptions& options,
                                           const std::function<void(const core::Endpoint&)>& on_listening);

}  // namespace uncork::lab
