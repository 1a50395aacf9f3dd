#include "tests/probe/space.hpp"

#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <thread>

#include "core/endpoint.hpp"
#include "core/syscall.hpp"
#include "probe/namespaces.hpp"

namespace uncork::probe::testing {
namespace {

void require(bool done, const char* attempt) {
  if (!done) throw std::runtime_error(std::string(attempt) + ": " + std::strerror(errno));
}

/// Runs it on a thread of its own, which may go elsewhere; throws what it throws.
void on_a_thread(const std::function<void()>& task) {
  std::exception_ptr thrown;
  std::thread([&] {
    try {
      task();
    } catch (...) {
      thrown = std::current_exception();
    }
  }).join();
  if (thrown) std::rethrow_exception(thrown);
}

struct Ipv6Request {  // struct in6_ifreq (linux/ipv6.h), which does not go with netinet/in.h
  in6_addr address;
  std::uint32_t prefix;
  int interface;
};

void bring_up_loopback(unsigned number) {
  const core::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::copy_n("lo", 3, request.ifr_name);
  request.ifr_flags = IFF_UP;
  require(::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0, "bring up lo");
  const core::Fd socket6(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  Ipv6Request address{{}, 128, static_cast<int>(::if_nametoindex("lo"))};
  address.address.s6_addr[0] = 0xfd;
  address.address.s6_addr[14] = static_cast<std::uint8_t>((number + 1) >> 8);
  address.address.s6_addr[15] = static_cast<std::uint8_t>(number + 1);
  require(::ioctl(socket6.get(), SIOCSIFADDR, &address) == 0, "give lo an IPv6 address");
  // The kernel takes it into use a moment later (addrconf_dad_work()).
  sockaddr_in6 own{};
  own.sin6_family = AF_INET6;
  own.sin6_addr = address.address;
  bool bound = false;
  for (int tries = 0; tries < 1000 && !bound; ++tries) {
    bound = ::bind(socket6.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0;
    if (!bound) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  require(bound, "use the IPv6 address");
}

}  // namespace

SpaceFolder::SpaceFolder()
    : path_((std::filesystem::temp_directory_path() / ("uncork-space-" + std::to_string(::getpid()))).string()) {
  std::filesystem::create_directories(path_);
}

SpaceFolder::~SpaceFolder() {
  std::error_code none;
  std::filesystem::remove_all(path_, none);
}

Space::Space(const SpaceFolder& folder, const std::string& name, unsigned number)
    : Space(folder, name, number, [] { require(::unshare(CLONE_NEWNET) == 0, "make a network namespace"); }) {}

Space::Space(const SpaceFolder& folder, const std::string& name, unsigned number, const std::function<void()>& enter)
    : name_(name + "-" + std::to_string(::getpid())), path_(folder.path() + "/" + name_), number_(number) {
  on_a_thread([&] {
    enter();
    bring_up_loopback(number_);
    require(static_cast<bool>(core::open_file(path_, O_RDONLY | O_CREAT | O_EXCL, 0444)), "make a file to mount on");
    require(::mount("/proc/thread-self/ns/net", path_.c_str(), nullptr, MS_BIND, nullptr) == 0, "mount a network namespace");
    inode_ = own_namespace().value_or(0);
  });
}

std::string Space::ipv4() const {
  return "127." + std::to_string(1 + number_ / 250) + "." + std::to_string(1 + number_ % 250) + ".1";
}

std::string Space::ipv6() const {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "fd00::%x", number_ + 1);
  return text.data();
}

void Space::run_inside(const std::function<void()>& task) const {
  on_a_thread([&] {
    const auto file = core::open_file(path_, O_RDONLY);
    require(file && ::setns(file->get(), CLONE_NEWNET) == 0, "enter a network namespace");
    task();
  });
}

void Space::connect(int pairs) {
  run_inside([&] {
    for (int i = 0; i < pairs; ++i) {
      pairs_.push_back(connect_pair(((i % 2 == 0 ? ipv4() : "[" + ipv6() + "]") + ":0").c_str()));
    }
  });
}

void Space::connect_shortly() {
  run_inside([&] {
    Pair pair = connect_pair((ipv4() + ":0").c_str());
    std::array<std::byte, 8> bytes{};
    (void)core::send_all(pair.client, bytes).has_value();
    (void)core::read_some(pair.server, bytes).has_value();
    pair.client.reset();
    (void)core::read_some(pair.server, bytes).has_value();  // its end
  });
}

void Space::remove() {
  close_sockets();
  if (path_.empty()) return;
  ::umount2(path_.c_str(), MNT_DETACH);
  ::unlink(path_.c_str());
  path_.clear();
}

// The kernel gives the lowest number that is free: one below the wanted is to be taken and kept, of which there may be hundreds
// where others have just ended; one above says that the wanted is not free yet.
std::unique_ptr<Space> reuse_inode(const SpaceFolder& folder, const std::string& name, unsigned number, std::uint64_t inode) {
  std::vector<core::Fd> lower;
  int higher = 0;
  bool found = false;
  auto space = std::make_unique<Space>(folder, name, number, [&] {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(25);
    while (!found && std::chrono::steady_clock::now() < deadline) {
      require(::unshare(CLONE_NEWNET) == 0, "make a network namespace");
      const std::uint64_t made = own_namespace().value_or(0);
      found = made == inode;
      if (made < inode) {
        lower.emplace_back(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
      } else if (!found) {
        ++higher;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // numbers come free as the kernel cleans up, in its own time
      }
    }
  });
  if (found) return space;
  std::fprintf(stderr, "no namespace got inode %llu: %zu got lower ones, %d higher ones\n",
               static_cast<unsigned long long>(inode), lower.size(), higher);
  return nullptr;
}

WhichNamespaces all_in(const SpaceFolder& folder) {
  return {.kind = WhichNamespaces::Kind::all, .names = {}, .folders = {folder.path()}};
}

WhichNamespaces those_of(const SpaceFolder& folder, const std::vector<std::unique_ptr<Space>>& spaces) {
  WhichNamespaces which{.kind = WhichNamespaces::Kind::named, .names = {}, .folders = {folder.path()}};
  for (const auto& space : spaces) which.names.push_back(space->name());
  return which;
}

void number_space(const std::string& path, int nsid) {
  const auto file = core::open_file(path, O_RDONLY);
  require(static_cast<bool>(file), "open a network namespace");
  struct {
    nlmsghdr header;
    rtgenmsg family;
    std::array<char, 3> padding;
    nlattr fd_attribute;
    int fd;
    nlattr id_attribute;
    int id;
  } request{};
  request.header = {sizeof request, RTM_NEWNSID, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
  request.fd_attribute = {sizeof(nlattr) + sizeof(int), NETNSA_FD};
  request.fd = file->get();
  request.id_attribute = {sizeof(nlattr) + sizeof(int), NETNSA_NSID};
  request.id = nsid;
  const core::Fd route(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  require(::send(route.get(), &request, sizeof request, 0) > 0, "number a network namespace");
  struct {
    nlmsghdr header;
    nlmsgerr error;
    std::array<char, 256> rest;
  } answer{};
  require(::recv(route.get(), &answer, sizeof answer, 0) > 0, "number a network namespace");
  errno = -answer.error.error;
  require(answer.error.error == 0, "number a network namespace");
}

}  // namespace uncork::probe::testing
