#include "probe/enrich/uplinks.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <tuple>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::probe {
namespace {

template <typename Number>
std::optional<Number> number_in(std::string_view text, int base) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

/// A file of lines of words; `route` makes (metric, interface) of a line, or nothing.
template <typename Route>
std::vector<std::string> interfaces_in(std::string_view text, Route route) {
  std::vector<std::tuple<std::uint32_t, std::size_t, std::string>> routes;  // metric, place in the file, interface
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (auto found = route(split(text.substr(0, end))))
      routes.emplace_back(found->first, routes.size(), std::move(found->second));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::ranges::sort(routes);
  std::vector<std::string> interfaces;
  for (auto& [metric, place, name] : routes) {
    if (std::ranges::find(interfaces, name) == interfaces.end()) interfaces.push_back(std::move(name));
  }
  return interfaces;
}

using Found = std::optional<std::pair<std::uint32_t, std::string>>;

// include/uapi/linux/route.h
constexpr unsigned kUp = 1;
constexpr unsigned kReject = 0x0200;

std::string word_in(const std::string& file) {
  auto text = core::read_file(file, 256).value_or("");
  while (text.ends_with('\n') || text.ends_with(' ')) text.pop_back();
  return text;
}

template <std::size_t N>
std::string text_of(const char (&field)[N]) {
  return {field, strnlen(field, N)};
}

std::optional<std::uint32_t> hex_in(const std::string& file) {
  const std::string text = word_in(file);
  return text.starts_with("0x") ? number_in<std::uint32_t>(std::string_view(text).substr(2), 16) : std::nullopt;
}

/// ioctl(2) about an interface; false: there is none, or it does not answer this.
bool ask(const std::string& interface, unsigned long what, ifreq& request) {
  const core::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (interface.size() >= sizeof request.ifr_name) return false;
  std::memcpy(request.ifr_name, interface.c_str(), interface.size() + 1);
  return ::ioctl(socket.get(), what, &request) == 0;
}

void ask_driver(Nic& nic) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ifreq request{};
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (!ask(nic.interface, SIOCETHTOOL, request)) return;
  nic.driver = text_of(info.driver);
  nic.bus_info = text_of(info.bus_info);
  nic.firmware = text_of(info.fw_version);
}

/// Whether the interface of this name in sysfs, at `base`, is not the one of the calling thread's namespace.
bool is_anothers(const std::string& interface, const std::string& base) {
  ifreq request{};
  const auto index = number_in<int>(word_in(base + "/ifindex"), 10);
  if (index && ask(interface, SIOCGIFINDEX, request) && request.ifr_ifindex != *index) return true;
  constexpr std::size_t kOctets = 6;
  const std::string address = word_in(base + "/address");  // 00:1b:54:aa:bb:cc
  if (address.size() != 3 * kOctets - 1 || !ask(interface, SIOCGIFHWADDR, request)) return false;
  for (std::size_t i = 0; i < kOctets; ++i) {
    const auto octet = number_in<unsigned>(std::string_view(address).substr(3 * i, 2), 16);
    if (octet != static_cast<unsigned char>(request.ifr_hwaddr.sa_data[i])) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> default_interfaces(std::string_view route) {
  return interfaces_in(route, [](const std::vector<std::string_view>& words) -> Found {
    // Iface Destination Gateway Flags RefCnt Use Metric Mask ...
    if (words.size() < 8 || words[1] != "00000000" || words[7] != "00000000") return std::nullopt;
    const auto flags = number_in<unsigned>(words[3], 16);
    const auto metric = number_in<std::uint32_t>(words[6], 10);
    if (!flags || !metric || (*flags & kUp) == 0 || (*flags & kReject) != 0) return std::nullopt;
    return {{*metric, std::string(words[0])}};
  });
}

std::vector<std::string> default_interfaces_v6(std::string_view ipv6_route) {
  return interfaces_in(ipv6_route, [](const std::vector<std::string_view>& words) -> Found {
    // destination its-length source its-length next-hop metric refcount use flags interface
    if (words.size() < 10 || words[1] != "00" || words[0].find_first_not_of('0') != std::string_view::npos) return std::nullopt;
    const auto metric = number_in<std::uint32_t>(words[5], 16);
    const auto flags = number_in<unsigned>(words[8], 16);
    if (!flags || !metric || (*flags & kUp) == 0 || (*flags & kReject) != 0 || words[9] == "lo") return std::nullopt;
    return {{*metric, std::string(words[9])}};
  });
}

Nic nic_of(const std::string& interface, const std::string& sysfs) {
  Nic nic;
  nic.interface = interface;
  ask_driver(nic);
  const std::string base = sysfs + "/" + interface;
  if (is_anothers(interface, base)) return nic;
  // `vendor` and `device` of a virtio card are virtio's own numbers; PCI's are those of the device above it.
  const std::string pci = core::read_file(base + "/device/class", 64) ? base + "/device" : base + "/device/..";
  if (core::read_file(pci + "/class", 64)) {
    nic.pci_vendor = hex_in(pci + "/vendor");
    nic.pci_device = hex_in(pci + "/device");
    nic.model = word_in(pci + "/label");
  }
  nic.speed_mbps = number_in<std::uint32_t>(word_in(base + "/speed"), 10);  // -1: not known
  return nic;
}

std::vector<Nic> find_uplinks(std::size_t most, const std::string& proc_net, const std::string& sysfs) {
  std::vector<std::string> interfaces = default_interfaces(core::read_file(proc_net + "/route").value_or(""));
  for (std::string& name : default_interfaces_v6(core::read_file(proc_net + "/ipv6_route").value_or(""))) {
    if (std::ranges::find(interfaces, name) == interfaces.end()) interfaces.push_back(std::move(name));
  }
  std::vector<Nic> uplinks;
  for (const std::string& interface : interfaces) {
    if (uplinks.size() == most) break;
    uplinks.push_back(nic_of(interface, sysfs));
  }
  return uplinks;
}

}  // namespace uncork::probe
