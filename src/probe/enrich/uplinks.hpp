#pragma once
// The network cards behind the default routes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace uncork::probe {

/// Interfaces of default routes in the text of /proc/net/route, the preferred (least metric) first, each once. Sans-I/O; lines
/// that are none are left out.
[[nodiscard]] std::vector<std::string> default_interfaces(std::string_view route);
/// The same of /proc/net/ipv6_route; routes that only refuse are left out.
[[nodiscard]] std::vector<std::string> default_interfaces_v6(std::string_view ipv6_route);

/// What a card is. A value; empty and nullopt: not known (a virtual interface has no PCI numbers).
struct Nic {
  std::string interface;
  std::string driver;
  std::string bus_info;
  std::string firmware;
  std::string model;  ///< what sysfs calls the device, if anything
  std::optional<std::uint32_t> pci_vendor;
  std::optional<std::uint32_t> pci_device;
  std::optional<std::uint32_t> speed_mbps;

  bool operator==(const Nic&) const = default;
};

/// Of an interface in the calling thread's network namespace (ETHTOOL_GDRVINFO) and sysfs. sysfs shows the namespace in which it
/// was mounted: where its interface of that name has another index or address, nothing is read from it.
[[nodiscard]] Nic nic_of(const std::string& interface, const std::string& sysfs = "/sys/class/net");

/// The cards of at most `most` default routes, IPv4 first, now.
[[nodiscard]] std::vector<Nic> find_uplinks(std::size_t most = 2, const std::string& proc_net = "/proc/thread-self/net",
                                            const std::string& sysfs = "/sys/class/net");

}  // namespace uncork::probe
