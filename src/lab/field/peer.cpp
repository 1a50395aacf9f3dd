#include "lab/field/peer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <ctime>

#include "core/syscall.hpp"

namespace uncork::lab::field {
namespace {

constexpr core::Micros kPatience{30'000'000};

void sleep_for(core::Micros time) {
  const timespec length{time.count() / 1'000'000, time.count() % 1'000'000 * 1000};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &length, nullptr);
}

core::Error trouble(const std::string& sentence) { return {core::ErrorCode::refused, 0, sentence}; }

}  // namespace

core::Status Peer::play(std::span<const Action> actions) {
  for (const Action& action : actions) {
    if (auto done = act(action); !done) return done;
  }
  return {};
}

core::Status Peer::act(const Action& action) {
  switch (action.act) {
    case Act::write:
      return write(action.bytes, 0);
    case Act::write_more:
      return write(action.bytes, MSG_MORE);
    case Act::read:
      return read(action.bytes);
    case Act::sleep:
      sleep_for(action.time);
      return {};
    case Act::wait: {
      const auto ready = core::wait_readable(socket_, core::MonotonicClock::now() + action.time);
      return ready ? core::Status() : core::fail(ready.error());
    }
    case Act::cork:
      return core::set_option(socket_, IPPROTO_TCP, TCP_CORK, 1);
    case Act::uncork:
      return core::set_option(socket_, IPPROTO_TCP, TCP_CORK, 0);
    case Act::nodelay:
      return core::set_option(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
  }
  return {};
}

core::Status Peer::write(std::size_t bytes, int flags) {
  if (buffer_.size() < bytes) buffer_.resize(bytes);
  return core::send_all(socket_, std::span(buffer_).first(bytes), flags);
}

core::Status Peer::read(std::size_t bytes) {
  const core::Time deadline = core::MonotonicClock::now() + kPatience;
  while (bytes > 0) {
    if (polls_.count() != 0) {
      // Its turns come at the multiples of the interval, whatever happened between.
      const core::Micros now = core::MonotonicClock::now().time_since_epoch();
      sleep_for(polls_ - now % polls_);
      const auto ready = core::wait_readable(socket_, core::MonotonicClock::now());
      if (!ready) return core::fail(ready.error());
      if (!*ready && core::MonotonicClock::now() < deadline) continue;
    }
    const auto got = core::read_some(socket_, std::span(buffer_).first(std::min(bytes, buffer_.size())));
    if (!got) return core::fail(got.error());
    if (got->kind == core::ReadOutcome::Kind::end) return core::fail(trouble("read: the other end has closed"));
    if (got->kind == core::ReadOutcome::Kind::would_block) return core::fail(trouble("read: nothing came for 30 s"));
    bytes -= got->count;
  }
  return {};
}

void Peer::wait_for_the_end() {
  const core::Time deadline = core::MonotonicClock::now() + kPatience;
  while (core::MonotonicClock::now() < deadline) {
    const auto got = core::read_some(socket_, buffer_);
    if (!got || got->kind != core::ReadOutcome::Kind::bytes) return;
  }
}

}  // namespace uncork::lab::field
