#pragma once
// What there is around a socket, as tests make it: default routes, and a container's cgroup.

#include <string>

#include "core/result.hpp"

namespace uncork::probe::testing {

/// In the calling thread's network namespace: eth0 and eth1, veth pairs with both ends here, with a default route of IPv4 each
/// (the preferred one through eth1) and one of IPv6 through eth1.
[[nodiscard]] core::Status make_default_routes();

/// A cgroup of ours, two below the root of the machine's, as systemd has it for a container of Docker; gone with this object,
/// which no process may be in by then.
class ContainerCgroup {
 public:
  /// `letter`, 64 times, is the container's id.
  explicit ContainerCgroup(char letter);
  ~ContainerCgroup();
  ContainerCgroup(const ContainerCgroup&) = delete;
  ContainerCgroup& operator=(const ContainerCgroup&) = delete;

  /// The calling process: a socket that it makes is of the cgroup in which it was made.
  [[nodiscard]] core::Status enter() const;
  /// To where it was when this object was made.
  [[nodiscard]] core::Status leave() const;

  [[nodiscard]] const std::string& id() const { return id_; }
  /// From the root of cgroups on.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string id_;
  std::string name_;
  std::string before_;
};

}  // namespace uncork::probe::testing
