#include "lab/field/socket_setup.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstring>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::lab::field {
namespace {

constexpr timeval kPatience{30, 0};

core::Status set_before(const core::Fd& socket, const Setup& setup) {
  if (setup.receive_buffer_bytes) {
    if (auto set = core::set_option(socket, SOL_SOCKET, SO_RCVBUF, *setup.receive_buffer_bytes); !set) return set;
  }
  if (setup.send_buffer_bytes) {
    if (auto set = core::set_option(socket, SOL_SOCKET, SO_SNDBUF, *setup.send_buffer_bytes); !set) return set;
  }
  if (setup.congestion_control.empty()) return {};
  const std::string& name = setup.congestion_control;
  const auto set = core::checked("set the congestion control " + name, [&] {
    return ::setsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name.data(), static_cast<socklen_t>(name.size()));
  });
  return set ? core::Status() : core::fail(set.error());
}

core::Status set_after(const core::Fd& socket, const Setup& setup) {
  if (setup.nodelay) {
    if (auto set = core::set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1); !set) return set;
  }
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    const auto set = core::checked("set a socket's timeout",
                                   [&] { return ::setsockopt(socket.get(), SOL_SOCKET, option, &kPatience, sizeof kPatience); });
    if (!set) return core::fail(set.error());
  }
  return {};
}

}  // namespace

core::Result<core::Fd> connect_as(const Setup& setup, const core::Endpoint& to) {
  const auto made = core::checked("open a socket", [] { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  if (!made) return core::fail(made.error());
  core::Fd socket(*made);
  if (auto set = set_before(socket, setup); !set) return core::fail(set.error());
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(to.port);
  std::memcpy(&in.sin_addr, to.bytes.data(), sizeof in.sin_addr);
  const auto connected = core::checked("connect " + core::to_string(to), [&] {
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&in), sizeof in);
  });
  if (!connected) return core::fail(connected.error());
  if (auto set = set_after(socket, setup); !set) return core::fail(set.error());
  return socket;
}

core::Result<core::Fd> listen_as(const Setup& setup, const core::Endpoint& at) {
  auto listener = core::tcp_listen(at);
  if (!listener) return listener;
  if (auto set = set_before(*listener, setup); !set) return core::fail(set.error());
  return listener;
}

core::Result<core::Fd> accept_as(const Setup& setup, const core::Fd& listener) {
  auto socket = core::tcp_accept(listener);
  if (!socket) return socket;
  if (auto set = set_after(*socket, setup); !set) return core::fail(set.error());
  return socket;
}

}  // namespace uncork::lab::field
