#include "link/looped_device.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <span>
#include <utility>

#include "core/syscall.hpp"
#include "link/packet.hpp"

namespace uncork::link {
namespace {

constexpr std::size_t kLargestPacket = 65'536;
/// Packets read before those that are due are delivered.
constexpr int kTurn = 64;

timespec until(core::Time due) {
  const core::Micros left = std::max(due - core::MonotonicClock::now(), core::Micros(0));
  return {left.count() / 1'000'000, left.count() % 1'000'000 * 1000};
}

}  // namespace

core::Result<std::unique_ptr<LoopedDevice>> LoopedDevice::start(core::Fd tunnel, const Impairments& impairments) {
  const auto stop = core::checked("make an eventfd", [] { return ::eventfd(0, EFD_CLOEXEC); });
  if (!stop) return core::fail(stop.error());
  return std::unique_ptr<LoopedDevice>(new LoopedDevice(std::move(tunnel), core::Fd(*stop), impairments));
}

LoopedDevice::LoopedDevice(core::Fd tunnel, core::Fd stop, const Impairments& impairments)
    : tunnel_(std::move(tunnel)), stop_(std::move(stop)), queue_(impairments), thread_([this] { carry(); }) {}

LoopedDevice::~LoopedDevice() { ::eventfd_write(stop_.get(), 1); }

Counters LoopedDevice::counters() const { return {carried_.load(), lost_.load(), dropped_.load()}; }

void LoopedDevice::carry() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are for the thread that made us
  ::prctl(PR_SET_TIMERSLACK, 1);                // nanosecond; by default a thread may be woken 50 us late
  for (;;) {
    std::array<pollfd, 2> ready = {pollfd{tunnel_.get(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
    const core::Time due = queue_.next_arrival();
    const timespec wait = until(due);
    // No deadline when nothing is under way: the next packet or the end wakes it.
    ::ppoll(ready.data(), ready.size(), due == core::Time::max() ? nullptr : &wait, nullptr);
    if (ready[1].revents != 0) return;
    if (ready[0].revents != 0) take();
    deliver(core::MonotonicClock::now());
  }
}

void LoopedDevice::take() {
  std::array<std::byte, kLargestPacket> packet;
  for (int i = 0; i < kTurn; ++i) {
    const ssize_t got = ::read(tunnel_.get(), packet.data(), packet.size());
    if (got <= 0) return;
    const auto bytes = std::span(packet).first(static_cast<std::size_t>(got));
    if (!is_ipv4(bytes)) continue;  // what IPv6 says on each device by itself
    if (flying_bytes_ + bytes.size() > kMostBytes) {
      ++dropped_;
      continue;
    }
    switch (queue_.push(bytes, core::MonotonicClock::now())) {
      case Fate::carried:
        flying_bytes_ += bytes.size();
        ++carried_;
        break;
      case Fate::lost:
        ++lost_;
        break;
      case Fate::dropped:
        ++dropped_;
        break;
    }
  }
}

void LoopedDevice::deliver(core::Time now) {
  for (; const auto* packet = queue_.arrived(now); queue_.pop()) {
    flying_bytes_ -= packet->size();
    (void)!::write(tunnel_.get(), packet->data(), packet->size());  // refused only while the device is down
  }
}

}  // namespace uncork::link
