#pragma once
// Whether a request was meant for this server, and not sent by a page of somebody else's through the reader's browser.

#include <string_view>

#include "core/endpoint.hpp"

namespace uncork::web {

/// Of what a server listens on: the names by which it may be called.
struct HostRule {
  bool is_unix = false;   ///< a socket in the file system: browsers do not get there
  core::Endpoint listen;  ///< else the address
};

/// Against DNS rebinding: a page's name that is made to mean a loopback address stays in the Host field, so that names but
/// localhost are refused. Addresses of loopback are taken, the one that it listens on, and all where it listens on all. The port
/// may be any: it is another behind a forwarder (ssh -L). `host` is the field (RFC 9110 7.2); empty: there is none, which is
/// refused.
[[nodiscard]] bool is_host_allowed(std::string_view host, const HostRule& rule);

/// Of a WebSocket (RFC 6455 10.2), which browsers let pages of any origin open: `origin` is the field, which browsers always
/// send; empty: there is none. It must be that of the page that this server gives under the name `host`.
[[nodiscard]] bool is_origin_allowed(std::string_view origin, std::string_view host);

}  // namespace uncork::web
