#include "probe/enrich/lldp_answer.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>
#include <vector>

#include "probe/enrich/lldp_reader.hpp"

namespace uncork::probe {
namespace {

using Bytes = LldpReader::Bytes;
using Object = LldpReader::Object;

/// Where things are in what lldpd calls a hardware and a port; 0: this version has it not.
struct Layout {
  LldpdVersion version;
  std::size_t hardware;      ///< size
  std::size_t name;          ///< of the interface, 16 bytes
  std::size_t local_port;    ///< a port inside
  std::size_t neighbours;    ///< a list of ports
  std::size_t alias;         ///< a text
  std::size_t port;          ///< size
  std::size_t vlan_pattern;  ///< a text
  std::size_t locations;     ///< three of LLDP-MED, inside
};
// Measured with the declarations of each version on x86-64; every feature built in, as distributions have it.
constexpr std::array<Layout, 5> kLayouts = {{{LldpdVersion::v1_0_13, 624, 76, 224, 600, 0, 376, 0, 224},
                                             {LldpdVersion::v1_0_14, 624, 80, 224, 600, 0, 376, 0, 224},
                                             {LldpdVersion::v1_0_18, 632, 80, 232, 608, 0, 376, 0, 224},
                                             {LldpdVersion::v1_0_20, 640, 80, 232, 616, 0, 384, 112, 232},
                                             {LldpdVersion::v1_0_21, 648, 80, 240, 624, 96, 384, 112, 232}}};

/// Offsets that are the same in all of them.
namespace port_at {
constexpr std::size_t kChassis = 16;
constexpr std::size_t kHeard = 32;  // seconds
constexpr std::size_t kProtocol = 56;
constexpr std::size_t kFlags = 57;
constexpr std::size_t kIdKind = 64;
constexpr std::size_t kId = 72;
constexpr std::size_t kIdLength = 80;
constexpr std::size_t kDescription = 88;
}  // namespace port_at
namespace chassis_at {
constexpr std::size_t kSize = 144;
constexpr std::size_t kIdKind = 21;
constexpr std::size_t kId = 24;
constexpr std::size_t kIdLength = 32;
constexpr std::size_t kName = 40;
constexpr std::size_t kDescription = 48;
constexpr std::size_t kManagement = 64;
constexpr std::size_t kInventory = 88;  // seven texts of LLDP-MED
}  // namespace chassis_at

constexpr std::uint8_t kLldp = 1;   // of the protocols
constexpr unsigned kProtocols = 6;  // LLDP, CDP version 1 and 2, SONMP, EDP, FDP

/// IEEE 802.1AB: the kinds of id that are addresses, by number.
struct IdKinds {
  std::uint8_t hardware;
  std::uint8_t network;
};
constexpr IdKinds kChassisIds = {4, 5};
constexpr IdKinds kPortIds = {3, 4};

std::string address_text(int family, Bytes address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::size_t size = family == AF_INET ? 4 : 16;
  if (address.size() < size || ::inet_ntop(family, address.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

std::string id_text(std::uint8_t kind, IdKinds kinds, Bytes id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (kind == kinds.hardware) {
    std::string text;
    for (const std::byte b : id) {
      const auto value = std::to_integer<unsigned>(b);
      if (!text.empty()) text += ':';
      text += {kDigits[value >> 4U], kDigits[value & 15U]};
    }
    return text;
  }
  if (kind == kinds.network && !id.empty()) {  // IANA's number of the family, then the address
    const int family = id[0] == std::byte{1} ? AF_INET : AF_INET6;
    return address_text(family, id.subspan(1));
  }
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

struct Chassis {
  std::string name;
  std::string id;
  std::string management;
};

/// One answer under the assumption of one version.
class Attempt {
 public:
  Attempt(const Layout& layout, Bytes answer, std::string_view interface)
      : layout_(layout), reader_(answer), size_(answer.size()), interface_(interface) {}

  /// Whether the whole answer fits.
  bool run();
  [[nodiscard]] std::optional<LldpNeighbour> neighbour() const { return heard_; }
  [[nodiscard]] std::size_t at() const { return reader_.at(); }

 private:
  Chassis chassis(const Object& port);
  std::string management(const Object& chassis);
  LldpNeighbour port(const Object& object);
  void consider(const Object& object, LldpNeighbour neighbour);

  const Layout& layout_;
  LldpReader reader_;
  std::size_t size_;
  std::string_view interface_;
  std::unordered_map<std::uint64_t, Chassis> chassis_;  // by number: ports of one device share it
  std::optional<LldpNeighbour> heard_;
  bool by_lldp_ = false;
  std::int64_t heard_at_ = 0;  // seconds
};

std::string Attempt::management(const Object& chassis) {
  constexpr std::size_t kSize = 56;
  constexpr std::size_t kFamily = 16;  // 1: IPv4, 2: IPv6
  constexpr std::size_t kAddress = 20;
  std::string v4;
  std::string v6;
  reader_.list(chassis, chassis_at::kManagement, kSize, [&](const Object& address) {
    const auto family = LldpReader::number<std::int32_t>(address.body, kFamily);
    if (address.body.size() < kSize || family < 1 || family > 2) return reader_.fail();
    const Bytes bytes = address.body.subspan(kAddress, 16);
    (family == 1 ? v4 : v6) = address_text(family == 1 ? AF_INET : AF_INET6, bytes);  // the first comes last
  });
  return v4.empty() ? v6 : v4;
}

Chassis Attempt::chassis(const Object& port) {
  constexpr std::size_t kInventory = 7;
  switch (reader_.pointer(port, port_at::kChassis)) {
    case LldpReader::Points::nowhere:
      return {};
    case LldpReader::Points::before: {
      const auto known = chassis_.find(LldpReader::number<std::uint64_t>(port.body, port_at::kChassis));
      if (known == chassis_.end()) return reader_.fail(), Chassis{};
      return known->second;
    }
    case LldpReader::Points::here:
      break;
  }
  const Object object = reader_.begin(chassis_at::kSize);
  Chassis found;
  const auto kind = LldpReader::number<std::uint8_t>(object.body, chassis_at::kIdKind);
  found.id = id_text(kind, kChassisIds, reader_.bytes(object, chassis_at::kId, chassis_at::kIdLength));
  found.name = reader_.text(object, chassis_at::kName);
  reader_.text(object, chassis_at::kDescription);
  found.management = management(object);
  for (std::size_t i = 0; i < kInventory; ++i) reader_.text(object, chassis_at::kInventory + 8 * i);
  reader_.end(object);
  chassis_.emplace(object.number, found);
  return found;
}

LldpNeighbour Attempt::port(const Object& object) {
  constexpr std::size_t kLocations = 3;
  constexpr std::size_t kLocation = 24;  // size; a pointer at 8, how many bytes at 16
  const Chassis device = chassis(object);
  LldpNeighbour found{device.name, device.id, device.management, {}, {}};
  const auto kind = LldpReader::number<std::uint8_t>(object.body, port_at::kIdKind);
  found.port_id = id_text(kind, kPortIds, reader_.bytes(object, port_at::kId, port_at::kIdLength));
  found.port_description = reader_.text(object, port_at::kDescription);
  if (layout_.vlan_pattern != 0) reader_.text(object, layout_.vlan_pattern);
  for (std::size_t i = 0; i < kLocations && !reader_.failed(); ++i) {
    const Object location = reader_.begin_inside(object.body.subspan(layout_.locations + kLocation * i, kLocation));
    reader_.bytes(location, 8, 16);
    reader_.end(location);
  }
  const std::size_t vlans = layout_.locations + kLocation * kLocations + 16;
  reader_.list(object, vlans, 32, [this](const Object& vlan) { reader_.text(vlan, 16); });
  reader_.list(object, vlans + 16, 24, [](const Object&) {});  // VLANs of protocols
  reader_.list(object, vlans + 32, 32, [this](const Object& protocol) { reader_.bytes(protocol, 16, 24); });
  reader_.list(object, vlans + 48, 40, [this](const Object& custom) { reader_.bytes(custom, 24, 32); });
  return found;
}

void Attempt::consider(const Object& object, LldpNeighbour neighbour) {
  const auto protocol = LldpReader::number<std::uint8_t>(object.body, port_at::kProtocol);
  if (protocol == 0 || protocol > kProtocols) return reader_.fail();
  // The first bit of a C bit field: where it lies depends on the byte order.
  constexpr unsigned kHidden = std::endian::native == std::endian::little ? 0x01 : 0x80;
  if ((LldpReader::number<std::uint8_t>(object.body, port_at::kFlags) & kHidden) != 0) return;
  const bool by_lldp = protocol == kLldp;
  const auto heard = LldpReader::number<std::int64_t>(object.body, port_at::kHeard);
  if (heard_ && (by_lldp != by_lldp_ ? by_lldp_ : heard < heard_at_)) return;
  heard_ = std::move(neighbour);
  by_lldp_ = by_lldp;
  heard_at_ = heard;
}

bool Attempt::run() {
  constexpr std::size_t kName = 16;
  const Object hardware = reader_.begin(layout_.hardware);
  if (reader_.failed()) return false;
  const Bytes name = hardware.body.subspan(layout_.name, kName);
  const std::string_view text(reinterpret_cast<const char*>(name.data()), name.size());
  if (text.substr(0, text.find('\0')) != interface_) return false;
  const Object local = reader_.begin_inside(hardware.body.subspan(layout_.local_port, layout_.port));
  if (reader_.pointer(local, 0) != LldpReader::Points::nowhere) reader_.fail();  // it is in no list
  static_cast<void>(port(local));
  reader_.end(local);
  reader_.list(hardware, layout_.neighbours, layout_.port, [this](const Object& remote) { consider(remote, port(remote)); });
  if (layout_.alias != 0) reader_.text(hardware, layout_.alias);
  reader_.end(hardware);
  return !reader_.failed() && reader_.at() == size_;
}

}  // namespace

core::Result<LldpInterface> read_lldp_answer(std::span<const std::byte> answer, std::string_view interface) {
  std::vector<LldpInterface> fits;
  std::size_t furthest = 0;
  for (const Layout& layout : kLayouts) {
    Attempt attempt(layout, answer, interface);
    if (attempt.run()) fits.push_back({layout.version, attempt.neighbour()});
    furthest = std::max(furthest, attempt.at());
  }
  if (fits.size() == 1) return std::move(fits.front());
  return core::fail(core::Error{core::ErrorCode::not_supported, 0,
                                "lldpd's answer is of no version from 1.0.13 to 1.0.22: it makes sense up to byte " +
                                    std::to_string(furthest) + " of " + std::to_string(answer.size())});
}

}  // namespace uncork::probe
