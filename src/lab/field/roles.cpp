#include "lab/field/roles.hpp"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <utility>
#include <vector>

#include "core/syscall.hpp"
#include "lab/field/peer.hpp"
#include "lab/field/shared_connection.hpp"
#include "lab/field/socket_setup.hpp"

namespace uncork::lab::field {
namespace {

constexpr timespec kPatience{120, 0};

sigset_t go_on() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  return set;
}

core::Status wait_to_go_on() {
  const sigset_t set = go_on();
  const auto came = core::checked("wait for the signal to go on", [&] { return ::sigtimedwait(&set, nullptr, &kPatience); });
  return came ? core::Status() : core::fail(came.error());
}

/// Keeps this process to the n-th of its processors, if it has several. On one processor a program that is woken by the first of
/// two writes may run before the second is made, and answer the first alone: what the kernel then acknowledges at once, or holds,
/// would be the scheduler's doing and not the pattern's. A failure changes nothing but that.
void keep_to_processor(std::size_t n) {
  cpu_set_t mine;
  if (::sched_getaffinity(0, sizeof mine, &mine) != 0 || CPU_COUNT(&mine) < 2) return;
  std::size_t at = 0;
  for (std::size_t left = n + 1; left != 0; ++at) {
    if (CPU_ISSET(at, &mine)) --left;
  }
  --at;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(at, &one);
  (void)::sched_setaffinity(0, sizeof one, &one);
}

core::Result<core::Micros> play_some(const Case& field_case, Peer& peer, unsigned times) {
  const Side& side = field_case.client;
  if (side.setup.threads > 1) {
    return play_shared(peer.socket(), {side.setup.threads, times, side.actions[0].bytes, side.actions[1].bytes});
  }
  const core::Time begin = core::MonotonicClock::now();
  for (unsigned i = 0; i < times; ++i) {
    if (auto played = peer.play(side.actions); !played) return core::fail(played.error());
  }
  return core::MonotonicClock::now() - begin;
}

/// One read of `from` written to `to`; false when `from` has ended.
core::Result<bool> pass_on(const core::Fd& from, const core::Fd& to, std::vector<std::byte>& buffer) {
  const auto got = core::read_some(from, buffer);
  if (!got) return core::fail(got.error());
  if (got->kind != core::ReadOutcome::Kind::bytes) {
    ::shutdown(to.get(), SHUT_WR);
    return false;
  }
  if (auto sent = core::send_all(to, std::span(buffer).first(got->count)); !sent) return core::fail(sent.error());
  return true;
}

}  // namespace

core::Status run_client(const Case& field_case, const core::Endpoint& server, const OnAddress& on_connected,
                        const OnPlayed& on_played) {
  const sigset_t set = go_on();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (field_case.client.setup.threads == 1) keep_to_processor(0);
  auto socket = connect_as(field_case.client.setup, server);
  if (!socket) return core::fail(socket.error());
  const auto own = core::local_endpoint(*socket);
  if (!own) return core::fail(own.error());
  on_connected(*own);
  Peer peer(std::move(*socket), field_case.client.setup.polls);
  for (const unsigned times : {1U, field_case.repeat - 1}) {
    const auto wall = play_some(field_case, peer, times);
    if (!wall) return core::fail(wall.error());
    on_played(times, *wall);
    if (field_case.client.closes && times != 1) return {};
    if (auto told = wait_to_go_on(); !told) return told;
  }
  return {};
}

core::Status run_server(const Case& field_case, const core::Endpoint& listen, const OnAddress& on_listening) {
  const Side& side = field_case.server;
  keep_to_processor(1);
  const auto listener = listen_as(side.setup, listen);
  if (!listener) return core::fail(listener.error());
  const auto at = core::local_endpoint(*listener);
  if (!at) return core::fail(at.error());
  on_listening(*at);
  auto socket = accept_as(side.setup, *listener);
  if (!socket) return core::fail(socket.error());
  Peer peer(std::move(*socket), side.setup.polls);
  const unsigned all = field_case.repeat * field_case.client.setup.threads;
  for (unsigned i = 0; i < all; ++i) {
    if (auto played = peer.play(side.actions); !played) return played;
  }
  if (!side.closes) peer.wait_for_the_end();
  return {};
}

core::Status run_relay(const Case& field_case, const core::Endpoint& listen, const core::Endpoint& server,
                       const OnAddress& on_listening) {
  const Setup setup = field_case.relay.value_or(Setup{});
  const auto listener = listen_as(setup, listen);
  if (!listener) return core::fail(listener.error());
  const auto at = core::local_endpoint(*listener);
  if (!at) return core::fail(at.error());
  on_listening(*at);
  const auto front = accept_as(setup, *listener);
  if (!front) return core::fail(front.error());
  const auto back = connect_as(setup, server);
  if (!back) return core::fail(back.error());
  std::vector<std::byte> buffer(64 * 1024);
  std::array<pollfd, 2> ready = {pollfd{front->get(), POLLIN, 0}, pollfd{back->get(), POLLIN, 0}};
  while (ready[0].fd >= 0 || ready[1].fd >= 0) {
    // No deadline: the lab ends its processes, and this one dies with it.
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return core::fail(core::system_error("poll", errno));
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      if (ready[side].fd < 0 || ready[side].revents == 0) continue;
      const auto more = side == 0 ? pass_on(*front, *back, buffer) : pass_on(*back, *front, buffer);
      if (!more) return core::fail(more.error());
      if (!*more) ready[side].fd = -1;
    }
  }
  return {};
}

}  // namespace uncork::lab::field
