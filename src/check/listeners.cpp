#include "check/listeners.hpp"

#include <utility>

namespace uncork::check {
namespace {

/// Linux's default ip_local_port_range, which a new namespace has.
constexpr std::uint16_t kFirstEphemeral = 32'768;
constexpr std::uint16_t kLastEphemeral = 60'999;

bool looks_connected(std::uint16_t port) { return port >= kFirstEphemeral && port <= kLastEphemeral && port % 2 == 0; }

}  // namespace

core::Status Listeners::look() {
  if (!diag_) {
    auto opened = probe::InetDiag::open();
    if (!opened) return core::fail(opened.error());
    diag_.emplace(std::move(*opened));
  }
  if (auto listed = diag_->list({.connected = false, .listening = true}, list_); !listed) return listed;
  for (const probe::DiagSocket& socket : list_.sockets) add(socket.local.port);
  return {};
}

Role Listeners::role_of(const core::Endpoint& local, const core::Endpoint& remote) const {
  const bool here = ports_.test(local.port);
  if (here != ports_.test(remote.port)) return here ? Role::server : Role::client;
  if (looks_connected(local.port) != looks_connected(remote.port))
    return looks_connected(local.port) ? Role::client : Role::server;
  return local.port < remote.port ? Role::server : Role::client;
}

}  // namespace uncork::check
