#include "tests/net/conversation.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <exception>
#include <future>
#include <span>
#include <vector>

#include "core/syscall.hpp"

namespace uncork::net_test {
namespace {

core::Fd impatient(core::Fd socket) {
  const timeval timeout{kPatience.count(), 0};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    must(core::checked("set a socket's timeout",
                       [&] { return ::setsockopt(socket.get(), SOL_SOCKET, option, &timeout, sizeof timeout); }));
  }
  return socket;
}

// Runs one end; if it fails, the other one must not wait for it.
void run_end(const Connection& connection, const core::Fd& socket, const std::function<void(const core::Fd&)>& end) {
  try {
    end(socket);
  } catch (...) {
    ::shutdown(connection.client.get(), SHUT_RDWR);
    ::shutdown(connection.server.get(), SHUT_RDWR);
    throw;
  }
}

}  // namespace

core::Fd listen_for(const ConnectionOptions& options) {
  core::Fd listener = must(core::tcp_listen(must(core::parse_endpoint(options.address)), 4096));
  // A connection inherits the buffer, and offers its window from the first segment on.
  if (options.receive_buffer_bytes != 0) must(core::set_option(listener, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes));
  return impatient(std::move(listener));
}

core::Fd connect_to(const core::Endpoint& server, const ConnectionOptions& options) {
  core::Fd client = impatient(must(core::tcp_connect(server)));
  if (options.send_buffer_bytes != 0) must(core::set_option(client, SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes));
  return client;
}

core::Fd accept_from(const core::Fd& listener) { return impatient(must(core::tcp_accept(listener))); }

Connection connect_pair(const ConnectionOptions& options) {
  const core::Fd listener = listen_for(options);
  core::Fd client = connect_to(must(core::local_endpoint(listener)), options);
  return {std::move(client), accept_from(listener)};
}

Connection connect_over(const link::Link& link, ConnectionOptions options) {
  options.address = core::to_string(link::Link::address(link::End::far, 0));
  core::Fd listener;
  core::Fd client;
  must(link.inside(link::End::far, [&]() -> core::Status {
    listener = listen_for(options);
    return {};
  }));
  must(link.inside(link::End::near, [&]() -> core::Status {
    client = connect_to(must(core::local_endpoint(listener)), options);
    return {};
  }));
  return {std::move(client), accept_from(listener)};
}

std::uint16_t port_of(const core::Fd& socket) { return must(core::local_endpoint(socket)).port; }

void set_tcp(const core::Fd& socket, int option, int value) { must(core::set_option(socket, IPPROTO_TCP, option, value)); }

void set_nodelay(const Connection& connection) {
  set_tcp(connection.client, TCP_NODELAY, 1);
  set_tcp(connection.server, TCP_NODELAY, 1);
}

void say(const core::Fd& socket, std::size_t bytes, int flags) {
  const std::vector<std::byte> message(bytes, std::byte{'x'});
  must(core::send_all(socket, message, flags));
}

bool hear(const core::Fd& socket, std::size_t bytes) {
  std::array<std::byte, 65536> buffer;
  while (bytes > 0) {
    const auto got = must(core::read_some(socket, std::span(buffer).first(std::min(bytes, buffer.size()))));
    if (got.kind == core::ReadOutcome::Kind::end) return false;
    if (got.kind == core::ReadOutcome::Kind::would_block) throw std::runtime_error("the peer has sent nothing for too long");
    bytes -= got.count;
  }
  return true;
}

void think(core::Micros time) {
  const timespec length{time.count() / 1'000'000, time.count() % 1'000'000 * 1000};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &length, nullptr);
}

void converse(const Connection& connection, const std::function<void(const core::Fd&)>& client,
              const std::function<void(const core::Fd&)>& server) {
  auto beside = std::async(std::launch::async, [&] { run_end(connection, connection.server, server); });
  try {
    run_end(connection, connection.client, client);
  } catch (const std::exception& failure) {
    beside.wait();
    throw std::runtime_error("client: " + std::string(failure.what()));
  }
  beside.get();
}

void exchange(int times, const Connection& connection, const std::function<void(const core::Fd&)>& client,
              const std::function<void(const core::Fd&)>& server) {
  const auto repeat = [times](const std::function<void(const core::Fd&)>& once) {
    return [&once, times](const core::Fd& socket) {
      for (int i = 0; i < times; ++i) once(socket);
    };
  };
  converse(connection, repeat(client), repeat(server));
}

}  // namespace uncork::net_test
