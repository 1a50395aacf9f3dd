#include "tests/net/namespace.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>
#include <future>
#include <string>

#include "core/syscall.hpp"
#include "tests/net/conversation.hpp"

namespace uncork::net_test {
namespace {

core::Result<core::Fd> enter_new_namespace() {
  if (const auto left = core::checked("make a network namespace", [] { return ::unshare(CLONE_NEWNET); }); !left) {
    return core::fail(left.error());
  }
  if (const auto up = bring_up("lo", nullptr); !up) return core::fail(up.error());
  return core::open_file("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

core::Status configure(const core::Fd& socket, unsigned long request, ifreq& interface, const std::string& attempt) {
  const auto done = core::checked(attempt, [&] { return ::ioctl(socket.get(), request, &interface); });
  if (!done) return core::fail(done.error());
  return {};
}

sockaddr to_address(const char* text) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &in.sin_addr);
  sockaddr address{};
  std::memcpy(&address, &in, sizeof address);
  return address;
}

}  // namespace

core::Result<Namespace> Namespace::make() {
  auto handle = std::async(std::launch::async, enter_new_namespace).get();
  if (!handle) return core::fail(handle.error());
  return Namespace(std::move(*handle));
}

void Namespace::run(const std::function<void()>& task) const {
  std::async(std::launch::async, [&] {
    must(core::checked("enter a network namespace", [&] { return ::setns(handle_.get(), CLONE_NEWNET); }));
    task();
  }).get();
}

std::uint64_t Namespace::inode() const {
  struct stat status{};
  must(core::checked("look at a namespace", [&] { return ::fstat(handle_.get(), &status); }));
  return status.st_ino;
}

core::Status bring_up(const char* interface, const char* address) {
  const core::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
  const std::string attempt = "bring up " + std::string(interface);
  if (address != nullptr) {
    request.ifr_addr = to_address(address);
    if (auto set = configure(socket, SIOCSIFADDR, request, attempt); !set) return set;
    request.ifr_netmask = to_address("255.255.255.0");
    if (auto set = configure(socket, SIOCSIFNETMASK, request, attempt); !set) return set;
  }
  request.ifr_flags = IFF_UP;
  return configure(socket, SIOCSIFFLAGS, request, attempt);
}

}  // namespace uncork::net_test
