#include "link/link.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "core/syscall.hpp"
#include "link/device.hpp"

namespace uncork::link {
namespace {

constexpr std::array<End, 2> kEnds = {End::near, End::far};
/// Packets that a device keeps until the carrier reads them: what a burst may hold before any is lost uncounted.
constexpr int kUnread = 16'384;
constexpr int kLeastMtu = 576;  // RFC 791: what every link must carry
constexpr int kMostMtu = 65'535;

End other(End end) { return end == End::near ? End::far : End::near; }

core::Status check(const LinkOptions& options) {
  const Impairments& impairments = options.impairments;
  if (impairments.one_way.count() < 0) return core::fail(core::invalid_argument("a link's delay must not be negative"));
  if (!(impairments.loss >= 0 && impairments.loss <= 1))
    return core::fail(core::invalid_argument("a link's loss must be from 0 to 1"));
  if (options.mtu_bytes < kLeastMtu || options.mtu_bytes > kMostMtu) {
    return core::fail(core::invalid_argument("a link's MTU must be from 576 to 65535 bytes"));
  }
  return {};
}

}  // namespace

core::Endpoint Link::address(End end, std::uint16_t port) {
  const std::uint8_t host = end == End::near ? 1 : 2;
  return {core::Endpoint::Family::v4, {198, 18, 0, host}, port};
}

core::Result<Link> Link::make(const LinkOptions& options) {
  if (auto usable = check(options); !usable) return core::fail(usable.error());
  auto near = Namespace::make();
  if (!near) return core::fail(near.error());
  auto far = Namespace::make();
  if (!far) return core::fail(far.error());
  Link link(std::move(*near), std::move(*far));
  if (auto joined = link.join(options); !joined) return core::fail(joined.error());
  return link;
}

core::Status Link::join(const LinkOptions& options) {
  std::array<core::Fd, 2> tunnels;
  if (!options.impairments.any()) {
    if (auto made = near_.inside([&] { return make_cable(far_.handle()); }); !made) return made;
  }
  for (const End end : kEnds) {
    auto up = inside(end, [&]() -> core::Status {
      if (options.impairments.any()) {
        auto tunnel = make_tunnel(kUnread);
        if (!tunnel) return core::fail(tunnel.error());
        tunnels[static_cast<std::size_t>(end)] = std::move(*tunnel);
      }
      return bring_up(kDevice, address(end, 0), options.mtu_bytes);
    });
    if (!up) return up;
  }
  if (!options.impairments.any()) return {};
  auto carrier = Carrier::start(std::move(tunnels[0]), std::move(tunnels[1]), options.impairments);
  if (!carrier) return core::fail(carrier.error());
  carrier_ = std::move(*carrier);
  return {};
}

core::Status Link::inside(End end, const std::function<core::Status()>& task) const { return at(end).inside(task); }

core::Status Link::set_sysctl(End end, const std::string& name, const std::string& value) const {
  std::string path = "/proc/sys/" + name;
  std::ranges::replace(path, '.', '/');
  return inside(end, [&]() -> core::Status {
    const auto file = core::open_file(path, O_WRONLY | O_CLOEXEC);
    if (!file) return core::fail(file.error());
    const auto wrote =
        core::checked("set " + name + " to " + value, [&] { return ::write(file->get(), value.data(), value.size()); });
    return wrote ? core::Status() : core::fail(wrote.error());
  });
}

core::Result<core::Fd> Link::connect_from(End client, const core::Endpoint& server) const {
  core::Result<core::Fd> socket;
  const auto done = inside(client, [&]() -> core::Status {
    socket = core::tcp_connect(server);
    return {};
  });
  if (!done) return core::fail(done.error());
  return socket;
}

core::Result<Link::Sockets> Link::connect(End client) const {
  const End server = other(client);
  core::Result<core::Fd> listener;
  const auto done = inside(server, [&]() -> core::Status {
    listener = core::tcp_listen(address(server, 0));
    return {};
  });
  if (!done) return core::fail(done.error());
  if (!listener) return core::fail(listener.error());
  const auto at = core::local_endpoint(*listener);
  if (!at) return core::fail(at.error());
  auto connected = connect_from(client, *at);
  if (!connected) return core::fail(connected.error());
  auto accepted = core::tcp_accept(*listener);
  if (!accepted) return core::fail(accepted.error());
  if (client == End::near) return Sockets{std::move(*connected), std::move(*accepted)};
  return Sockets{std::move(*accepted), std::move(*connected)};
}

void Link::drop_next_segment() {
  UNCORK_ASSERT(carrier_ != nullptr);
  carrier_->drop_next_segment();
}

bool Link::dropped() const { return carrier_ != nullptr && carrier_->dropped(); }

Counters Link::counters(End from) const { return carrier_ == nullptr ? Counters{} : carrier_->counters(from == End::far); }

}  // namespace uncork::link
