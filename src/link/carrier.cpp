#include "link/carrier.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <span>
#include <utility>

#include "core/syscall.hpp"
#include "link/packet.hpp"

namespace uncork::link {
namespace {

constexpr std::size_t kNear = 0;
constexpr std::size_t kFar = 1;
constexpr std::size_t kLargestPacket = 65'536;
/// Packets read from one end before those that are due at either are delivered.
constexpr int kTurn = 64;

timespec until(core::Time due) {
  const core::Micros left = std::max(due - core::MonotonicClock::now(), core::Micros(0));
  return {left.count() / 1'000'000, left.count() % 1'000'000 * 1000};
}

/// The same figures, and draws that have nothing to do with those of the other way.
Impairments of_the_far_end(Impairments impairments) {
  impairments.seed ^= 0x9e3779b97f4a7c15;
  return impairments;
}

}  // namespace

core::Result<std::unique_ptr<Carrier>> Carrier::start(core::Fd near, core::Fd far, const Impairments& impairments) {
  const auto stop = core::checked("make an eventfd", [] { return ::eventfd(0, EFD_CLOEXEC); });
  if (!stop) return core::fail(stop.error());
  return std::unique_ptr<Carrier>(new Carrier(std::move(near), std::move(far), core::Fd(*stop), impairments));
}

Carrier::Carrier(core::Fd near, core::Fd far, core::Fd stop, const Impairments& impairments)
    : ways_{Way(std::move(near), impairments), Way(std::move(far), of_the_far_end(impairments))},
      stop_(std::move(stop)),
      thread_([this] { carry(); }) {}

Carrier::~Carrier() { ::eventfd_write(stop_.get(), 1); }

Counters Carrier::counters(bool from_far) const {
  const auto& fates = ways_[from_far ? kFar : kNear].fates;
  const auto count = [&](Fate fate) { return fates[static_cast<std::size_t>(fate)].load(); };
  return {count(Fate::carried), count(Fate::lost), count(Fate::dropped)};
}

void Carrier::carry() {
  ::prctl(PR_SET_TIMERSLACK, 1);  // nanosecond; by default a thread may be woken 50 us late
  for (;;) {
    std::array<pollfd, 3> ready = {pollfd{ways_[kNear].from.get(), POLLIN, 0}, pollfd{ways_[kFar].from.get(), POLLIN, 0},
                                   pollfd{stop_.get(), POLLIN, 0}};
    const core::Time due = std::min(ways_[kNear].queue.next_arrival(), ways_[kFar].queue.next_arrival());
    const timespec wait = until(due);
    // No deadline when nothing is under way: the next packet or the end wakes it.
    ::ppoll(ready.data(), ready.size(), due == core::Time::max() ? nullptr : &wait, nullptr);
    if (ready[2].revents != 0) return;
    for (const std::size_t from : {kNear, kFar}) {
      if (ready[from].revents != 0) take(from);
    }
    deliver(core::MonotonicClock::now());
  }
}

void Carrier::take(std::size_t from) {
  std::array<std::byte, kLargestPacket> packet;
  Way& way = ways_[from];
  for (int i = 0; i < kTurn; ++i) {
    const ssize_t got = ::read(way.from.get(), packet.data(), packet.size());
    if (got <= 0) return;
    const auto bytes = std::span(packet).first(static_cast<std::size_t>(got));
    if (!is_ipv4(bytes)) continue;
    const bool drop = from == kNear && drop_ && carries_payload(bytes);
    const Fate fate = drop ? Fate::lost : way.queue.push(bytes, core::MonotonicClock::now());
    if (drop) drop_ = false;
    ++way.fates[static_cast<std::size_t>(fate)];
  }
}

void Carrier::deliver(core::Time now) {
  for (const std::size_t from : {kNear, kFar}) {
    PacketQueue& queue = ways_[from].queue;
    const int into = ways_[1 - from].from.get();
    for (; const auto* packet = queue.arrived(now); queue.pop()) {
      (void)!::write(into, packet->data(), packet->size());  // refused only while the device is down
    }
  }
}

}  // namespace uncork::link
