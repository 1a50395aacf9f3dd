#include "tests/probe/enrich/surroundings.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/syscall.hpp"
#include "probe/enrich/cgroup_paths.hpp"

namespace uncork::probe::testing {
namespace {

core::Status move_to(const std::string& cgroup) {
  std::ofstream file(cgroup_mount() + cgroup + "/cgroup.procs");
  file << ::getpid() << std::flush;
  if (file.good()) return {};
  return core::fail(core::invalid_argument("enter cgroup " + cgroup));
}

std::string own_cgroup() {
  const std::string text = core::read_file("/proc/self/cgroup").value_or("");
  const std::size_t begin = text.find("0::");  // the one of cgroup v2
  if (begin == std::string::npos) return "";
  return text.substr(begin + 3, text.find('\n', begin) - begin - 3);
}

}  // namespace

core::Status make_default_routes() {
  for (const char* const command :
       {"ip link add eth0 type veth peer name far0", "ip link add eth1 type veth peer name far1",
        "ip addr add 198.18.0.2/24 dev eth0", "ip addr add 198.18.1.2/24 dev eth1", "ip addr add 2001:db8::2/64 dev eth1 nodad",
        "ip link set far0 up", "ip link set far1 up", "ip link set eth0 up", "ip link set eth1 up",
        "ip route add default via 198.18.0.1 dev eth0 metric 200", "ip route add default via 198.18.1.1 dev eth1 metric 100",
        "ip -6 route add default via 2001:db8::1 dev eth1"}) {
    if (std::system(command) != 0) return core::fail(core::invalid_argument(command));
  }
  return {};
}

ContainerCgroup::ContainerCgroup(char letter)
    : id_(64, letter), name_("/uncork-" + std::to_string(::getpid()) + ".slice/docker-" + id_ + ".scope"), before_(own_cgroup()) {
  std::filesystem::create_directories(cgroup_mount() + name_);
}

ContainerCgroup::~ContainerCgroup() {
  const std::filesystem::path path = cgroup_mount() + name_;
  ::rmdir(path.c_str());
  ::rmdir(path.parent_path().c_str());
}

core::Status ContainerCgroup::enter() const { return move_to(name_); }

core::Status ContainerCgroup::leave() const { return move_to(before_); }

}  // namespace uncork::probe::testing
