#include "tests/net/delay_link.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::net_test {
namespace {

constexpr const char* kDevice = "uncork0";
constexpr std::array<const char*, 2> kAddresses = {"198.18.0.1", "198.18.0.2"};
constexpr std::size_t kNear = 0;
constexpr std::size_t kFar = 1;

core::Result<core::Fd> open_device(const char* address) {
  auto device = core::open_file("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (!device) return device;
  ifreq request{};
  std::strncpy(request.ifr_name, kDevice, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  const auto made = core::checked("make a TUN device", [&] { return ::ioctl(device->get(), TUNSETIFF, &request); });
  if (!made) return core::fail(made.error());
  if (const auto up = bring_up(kDevice, address); !up) return core::fail(up.error());
  return device;
}

// RFC 791 3.1 and RFC 9293 3.1: header lengths in words of four bytes.
bool carries_payload(const std::vector<std::byte>& packet) {
  const auto byte = [&](std::size_t at) { return std::to_integer<std::size_t>(packet[at]); };
  if (packet.size() < 40 || byte(0) >> 4 != 4 || byte(9) != IPPROTO_TCP) return false;
  const std::size_t ip_bytes = (byte(0) & 15) * 4;
  if (packet.size() < ip_bytes + 20) return false;
  return packet.size() > ip_bytes + (byte(ip_bytes + 12) >> 4) * 4;
}

timespec until(core::Time due) {
  const core::Micros left = std::max(due - core::MonotonicClock::now(), core::Micros(0));
  return {left.count() / 1'000'000, left.count() % 1'000'000 * 1000};
}

}  // namespace

core::Result<std::unique_ptr<DelayLink>> DelayLink::make(core::Micros one_way) {
  std::vector<Side> sides;
  for (const char* address : kAddresses) {
    auto inside = Namespace::make();
    if (!inside) return core::fail(inside.error());
    core::Result<core::Fd> device;
    inside->run([&] { device = open_device(address); });
    if (!device) return core::fail(device.error());
    sides.push_back({std::move(*inside), std::move(*device), {}});
  }
  const auto stop = core::checked("make an eventfd", [] { return ::eventfd(0, EFD_CLOEXEC); });
  if (!stop) return core::fail(stop.error());
  return std::unique_ptr<DelayLink>(new DelayLink({std::move(sides[kNear]), std::move(sides[kFar])}, core::Fd(*stop), one_way));
}

DelayLink::DelayLink(std::array<Side, 2> sides, core::Fd stop, core::Micros one_way)
    : sides_(std::move(sides)), stop_(std::move(stop)), one_way_(one_way), carrier_([this] { carry(); }) {}

DelayLink::~DelayLink() {
  ::eventfd_write(stop_.get(), 1);
  carrier_.join();
}

Connection DelayLink::connect(ConnectionOptions options) const {
  Connection connection;
  core::Fd listener;
  options.address = std::string(kAddresses[kFar]) + ":0";
  sides_[kFar].inside.run([&] { listener = listen_for(options); });
  sides_[kNear].inside.run([&] { connection.client = connect_to(must(core::local_endpoint(listener)), options); });
  connection.server = accept_from(listener);
  return connection;
}

void DelayLink::carry() {
  for (;;) {
    std::array<pollfd, 3> ready = {pollfd{sides_[kNear].device.get(), POLLIN, 0}, pollfd{sides_[kFar].device.get(), POLLIN, 0},
                                   pollfd{stop_.get(), POLLIN, 0}};
    const core::Time due = next_due();
    const timespec wait = until(due);
    ::ppoll(ready.data(), ready.size(), due == core::Time::max() ? nullptr : &wait, nullptr);
    if (ready[2].revents != 0) return;
    for (const std::size_t side : {kNear, kFar}) {
      if (ready[side].revents != 0) take_from(side);
    }
    deliver_due(core::MonotonicClock::now());
  }
}

void DelayLink::take_from(std::size_t side) {
  std::vector<std::byte> packet(2048);
  for (;;) {
    const ssize_t got = ::read(sides_[side].device.get(), packet.data(), packet.size());
    if (got <= 0) return;
    std::vector<std::byte> bytes(packet.begin(), packet.begin() + got);
    if (side == kNear && drop_ && carries_payload(bytes)) {
      drop_ = false;
      continue;
    }
    sides_[1 - side].arriving.push_back({core::MonotonicClock::now() + one_way_, std::move(bytes)});
  }
}

void DelayLink::deliver_due(core::Time now) {
  for (Side& side : sides_) {
    for (; !side.arriving.empty() && side.arriving.front().due <= now; side.arriving.pop_front()) {
      const std::vector<std::byte>& packet = side.arriving.front().bytes;
      (void)!::write(side.device.get(), packet.data(), packet.size());  // refused only while the device is down
    }
  }
}

core::Time DelayLink::next_due() const {
  core::Time due = core::Time::max();
  for (const Side& side : sides_) {
    if (!side.arriving.empty()) due = std::min(due, side.arriving.front().due);
  }
  return due;
}

}  // namespace uncork::net_test
