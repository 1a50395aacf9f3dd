#include "cli/why/other_end.hpp"

#include <algorithm>

#include "core/endpoint.hpp"
#include "probe/diag/inet_diag.hpp"
#include "probe/namespaces.hpp"
#include "probe/processes.hpp"

namespace uncork::cli {
namespace {

/// How well a socket fits the other end: itself, or one that serves or asks on the same port; 0: not at all.
int fit(const probe::DiagSocket& socket, const stall::Service& service) {
  if (socket.inode == 0) return 0;
  if (core::unmapped(socket.local) == service.worst->remote && core::unmapped(socket.remote) == service.worst->local) return 3;
  const bool serves = service.key.role == stall::Role::responder;
  if (!serves && socket.state == probe::TcpState::listen && socket.local.port == service.key.port) return 2;
  return serves && socket.remote.port == service.key.port ? 1 : 0;
}

bool is_within_our_namespace(const stall::Service& service) {
  if (!service.worst) return false;
  if (!core::is_loopback(service.worst->remote) && service.worst->local.bytes != service.worst->remote.bytes) return false;
  const auto own = probe::own_namespace();
  return own && service.key.netns == probe::NamespaceNames().name_of(*own);
}

}  // namespace

std::string program_at_other_end(const stall::Service& service) {
  if (!is_within_our_namespace(service)) return "";
  auto diag = probe::InetDiag::open();
  probe::SocketList list;
  if (!diag || !diag->list({.connected = true, .listening = true, .port = service.key.port}, list)) return "";
  const auto best =
      std::ranges::max_element(list.sockets, {}, [&](const probe::DiagSocket& socket) { return fit(socket, service); });
  if (best == list.sockets.end() || fit(*best, service) == 0) return "";
  const auto holders = probe::find_socket_holders();
  const probe::SocketHolder* const holder = holders ? holders->first(best->inode) : nullptr;
  return holder == nullptr ? "" : holder->command;
}

}  // namespace uncork::cli
