#include "probe/enrich/enricher.hpp"

#include <array>
#include <chrono>
#include <utility>

#include "probe/enrich/container_id.hpp"
#include "probe/enrich/docker_names.hpp"
#include "probe/enrich/uplinks.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;

constexpr core::Micros kPatience = std::chrono::seconds(1);
constexpr core::Micros kUplinksRemembered = std::chrono::seconds(30);

// The two uplinks have the same fields under two prefixes.
struct UplinkFields {
  record::Text Row::* interface;
  record::Text Row::* driver;
  record::Text Row::* model;
  record::Text Row::* bus_info;
  record::Text Row::* firmware;
  std::uint32_t Row::* pci_vendor;
  std::uint32_t Row::* pci_device;
  std::uint32_t Row::* speed_mbps;
  Block block;
};

constexpr std::array<UplinkFields, 2> kUplinks = {
    {{&Row::uplink1_ifname, &Row::uplink1_nic_driver, &Row::uplink1_nic_model, &Row::uplink1_nic_bus_info,
      &Row::uplink1_nic_fw_version, &Row::uplink1_nic_pci_vendor, &Row::uplink1_nic_pci_device, &Row::uplink1_nic_speed_mbps,
      Block::uplink1},
     {&Row::uplink2_ifname, &Row::uplink2_nic_driver, &Row::uplink2_nic_model, &Row::uplink2_nic_bus_info,
      &Row::uplink2_nic_fw_version, &Row::uplink2_nic_pci_vendor, &Row::uplink2_nic_pci_device, &Row::uplink2_nic_speed_mbps,
      Block::uplink2}}};

void put_uplink(const UplinkFields& fields, const Row& from, Row& into) {
  for (const auto text : {fields.interface, fields.driver, fields.model, fields.bus_info, fields.firmware}) {
    into.*text = from.*text;
  }
  if (!from.knows(fields.block)) return;
  for (const auto number : {fields.pci_vendor, fields.pci_device, fields.speed_mbps}) into.*number = from.*number;
  into.blocks |= fields.block;
}

void fill_uplink(const UplinkFields& fields, const Nic& nic, record::Texts& texts, Row& into) {
  into.*fields.interface = texts.keep(nic.interface);
  into.*fields.driver = texts.keep(nic.driver);
  into.*fields.model = texts.keep(nic.model);
  into.*fields.bus_info = texts.keep(nic.bus_info);
  into.*fields.firmware = texts.keep(nic.firmware);
  if (!nic.pci_vendor || !nic.pci_device || !nic.speed_mbps) return;  // the block is known as a whole
  into.*fields.pci_vendor = *nic.pci_vendor;
  into.*fields.pci_device = *nic.pci_device;
  into.*fields.speed_mbps = *nic.speed_mbps;
  into.blocks |= fields.block;
}

}  // namespace

Enricher::Enricher(record::Texts& texts, EnrichOptions options)
    : texts_(texts), options_(std::move(options)), cgroups_(options_.cgroup) {}

const Enricher::Names& Enricher::names_of(std::uint64_t cgroup) {
  const auto known = by_cgroup_.find(cgroup);
  if (known != by_cgroup_.end()) return known->second;
  Names found;
  const std::string& path = cgroups_.path_of(cgroup);
  const Container container = container_of(path);
  found.path = texts_.keep(path);
  found.container_id = texts_.keep(container.id);
  found.runtime = texts_.keep(container.runtime);
  if (!container.id.empty()) unnamed_.push_back(cgroup);
  return by_cgroup_.emplace(cgroup, found).first->second;
}

void Enricher::ask_runtime(core::Time now) {
  if (unnamed_.empty() || options_.docker_socket.empty()) return;
  ++questions_;
  const auto containers = ask_docker(options_.docker_socket, now + kPatience);
  if (!containers) {
    limits_.push_back("containers have no names: " + containers.error().message);
    return;  // asked again at the next look
  }
  for (const std::uint64_t cgroup : std::exchange(unnamed_, {})) {
    Names& names = by_cgroup_.at(cgroup);
    for (const ContainerName& container : *containers) {
      if (names.container_id.view() != container.id) continue;
      names.name = texts_.keep(container.name);
      names.image = texts_.keep(container.image);
    }
  }
}

void Enricher::read_uplinks(core::Time now) {
  if (!options_.uplinks || (uplinks_known_ && now < uplinks_read_ + kUplinksRemembered)) return;
  uplinks_ = {};
  const auto nics = find_uplinks(kUplinks.size());
  for (std::size_t i = 0; i < nics.size(); ++i) fill_uplink(kUplinks[i], nics[i], texts_, uplinks_);
  uplinks_known_ = true;
  uplinks_read_ = now;
}

void Enricher::enrich(std::span<Row> rows, core::Time now) {
  constexpr std::size_t kMostCgroups = 100'000;  // they come and go: begin anew
  limits_.clear();
  if (by_cgroup_.size() > kMostCgroups) {
    by_cgroup_.clear();
    unnamed_.clear();
    cgroups_ = CgroupPaths(options_.cgroup);
  }
  cgroups_.begin_look();
  read_uplinks(now);
  std::uint64_t last = 0;
  const Names* names = nullptr;
  // Ids first, so that the runtime is asked once for all that are new.
  for (const Row& row : rows) {
    if (!row.knows(Block::c_group) || (names != nullptr && row.c_group == last)) continue;
    last = row.c_group;
    names = &names_of(last);
  }
  ask_runtime(now);
  names = nullptr;
  for (Row& row : rows) {
    if (options_.uplinks) {
      for (const UplinkFields& fields : kUplinks) put_uplink(fields, uplinks_, row);
    }
    if (!row.knows(Block::c_group)) continue;
    if (names == nullptr || row.c_group != last) names = &names_of(last = row.c_group);
    row.cgroup_path = names->path;
    row.container_id = names->container_id;
    row.container_runtime = names->runtime;
    row.container_name = names->name;
    row.container_image = names->image;
  }
}

}  // namespace uncork::probe
