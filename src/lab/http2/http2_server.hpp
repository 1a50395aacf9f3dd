#pragma once
// The HTTP/2 server of the scenario `http2`, a process of its own: a short answer to every request, sent as it is told.

#include <functional>

#include "core/endpoint.hpp"
#include "core/result.hpp"
#include "lab/coalesce/message_server.hpp"
#include "uncork/http2/transport_options.hpp"

namespace uncork::lab {

/// How the server's frames become sends; all but the last with TCP_NODELAY.
enum class Http2Sends {
  turn,        ///< one send a turn of the event loop
  response,    ///< one a response
  frame,       ///< one a frame: two a response
  frame_more,  ///< the same with MSG_MORE on all but the last that is ready; below TLS there is no MSG_MORE
  frame_nagle  ///< one a frame, and Nagle's algorithm on
};

struct Http2ServerOptions {
  core::Endpoint listen;
  Http2Sends sends = Http2Sends::turn;
  Transport transport = Transport::tcp;
};

[[nodiscard]] http2::transport_options transport_options_of(Http2Sends sends);

/// Answers every request with 12 bytes until the process ends; returns only on an error of the listener. One thread. The
/// certificate is made for the occasion. `on_listening` is told the address. Blocking.
[[nodiscard]] core::Status run_http2_server(const Http2ServerOptions& options,
                                            const std::function<void(const core::Endpoint&)>& on_listening);

}  // namespace uncork::lab
