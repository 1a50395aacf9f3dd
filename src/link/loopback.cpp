#include "link/loopback.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "core/endpoint.hpp"
#include "core/syscall.hpp"
#include "link/device.hpp"
#include "link/routing.hpp"

namespace uncork::link {
namespace {

constexpr int kMtu = 1500;       // of Ethernet: a segment carries 1448 bytes, as between two machines
constexpr int kUnread = 16'384;  // packets that a burst may hold before the device loses any uncounted
constexpr std::uint32_t kTable = 100;
constexpr core::Endpoint kLoopback = {core::Endpoint::Family::v4, {127, 0, 0, 0}, 0};
constexpr core::Endpoint kSource = {core::Endpoint::Family::v4, {127, 0, 0, 1}, 0};

core::Status write_file(const std::string& path, const std::string& text) {
  const auto file = core::open_file(path, O_WRONLY | O_CLOEXEC);
  if (!file) return core::fail(file.error());
  const auto wrote = core::checked("write " + path, [&] { return ::write(file->get(), text.data(), text.size()); });
  return wrote ? core::Status() : core::fail(wrote.error());
}

/// Everybody stays who they are inside (user_namespaces(7)): a suite that is run by a user is not suddenly run by root.
core::Status keep_identity(uid_t user, gid_t group) {
  const auto same = [](auto id) { return std::to_string(id) + " " + std::to_string(id) + " 1"; };
  if (auto denied = write_file("/proc/self/setgroups", "deny"); !denied) return denied;
  if (auto mapped = write_file("/proc/self/uid_map", same(user)); !mapped) return mapped;
  return write_file("/proc/self/gid_map", same(group));
}

core::Status set_for_devices(const char* name, const char* value) {
  for (const char* device : {"all", kDevice}) {
    auto set = write_file("/proc/sys/net/ipv4/conf/" + std::string(device) + "/" + name, value);
    if (set) continue;
    if (set.error().system_errno == EROFS) set.error().message += "; a round trip on loopback needs /proc/sys/net to be writable";
    return set;
  }
  return {};
}

/// Packets that come back by the device have a source and a destination that are this machine's own: none of the checks against
/// that may be on (Linux fib_validate_source, ip_route_input_slow).
core::Status allow_own_addresses() {
  if (auto set = set_for_devices("rp_filter", "0"); !set) return set;
  if (auto set = set_for_devices("accept_local", "1"); !set) return set;
  return set_for_devices("route_localnet", "1");
}

/// What leaves finds our table before the one of this machine's addresses, and what comes back finds that one first.
core::Status divert() {
  if (auto done = add_route(kLoopback, 8, kDevice, kSource, kTable); !done) return done;
  if (auto done = add_rule(10, kLocalTable, kDevice); !done) return done;
  if (auto done = add_rule(20, kTable); !done) return done;
  if (auto done = add_rule(30, kLocalTable); !done) return done;
  return remove_rule(kLocalTable);  // the one of priority 0, which every namespace is born with
}

}  // namespace

core::Result<Standing> enter_own_network() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  Standing standing = Standing::privileged;
  if (::unshare(CLONE_NEWNET) != 0) {
    if (errno != EPERM) return core::fail(core::system_error("make a network namespace", errno));
    standing = Standing::user_namespace;
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
      core::Error error = core::system_error("make a network namespace in a user namespace of its own", errno);
      error.code = core::ErrorCode::not_permitted;  // also where a limit says so: ENOSPC of user.max_user_namespaces
      error.message +=
          "; run this as root, or let users make user namespaces (user.max_user_namespaces, and where the system has"
          " them kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns)";
      return core::fail(std::move(error));
    }
    if (auto kept = keep_identity(user, group); !kept) return core::fail(kept.error());
  }
  if (auto up = bring_up("lo"); !up) {
    core::Error error = up.error();
    // Ubuntu's AppArmor gives the namespace and takes its rights.
    if (standing == Standing::user_namespace)
      error.message += "; run this as root, or see kernel.apparmor_restrict_unprivileged_userns";
    return core::fail(std::move(error));
  }
  return standing;
}

core::Result<std::unique_ptr<LoopedDevice>> impair_loopback(const Impairments& impairments) {
  auto tunnel = make_tunnel(kUnread);
  if (!tunnel) {
    core::Error error = tunnel.error();
    if (error.code == core::ErrorCode::not_permitted) error.message += "; a round trip on loopback needs a TUN device";
    return core::fail(std::move(error));
  }
  // Without an address of its own: it carries those of loopback.
  if (auto up = bring_up(kDevice, kMtu); !up) return core::fail(up.error());
  if (auto set = allow_own_addresses(); !set) return core::fail(set.error());
  if (auto done = divert(); !done) return core::fail(done.error());
  return LoopedDevice::start(std::move(*tunnel), impairments);
}

}  // namespace uncork::link
