#include "probe/enrich/enricher.hpp"

#include <array>
#include <chrono>
#include <utility>

#include "probe/enrich/container_id.hpp"
#include "probe/enrich/lldpd.hpp"

namespace uncork::probe {
namespace {

using record::Block;
using record::Row;

constexpr core::Micros kPatience = std::chrono::seconds(1);
constexpr core::Micros kRemembered = std::chrono::seconds(30);

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
  record::Text Row::* chassis_name;
  record::Text Row::* chassis_id;
  record::Text Row::* management_address;
  record::Text Row::* port_id;
  record::Text Row::* port_description;
};

constexpr std::array<UplinkFields, 2> kUplinks = {
    {{&Row::uplink1_ifname, &Row::uplink1_nic_driver, &Row::uplink1_nic_model, &Row::uplink1_nic_bus_info,
      &Row::uplink1_nic_fw_version, &Row::uplink1_nic_pci_vendor, &Row::uplink1_nic_pci_device, &Row::uplink1_nic_speed_mbps,
      Block::uplink1, &Row::uplink1_lldp_chassis_name, &Row::uplink1_lldp_chassis_id, &Row::uplink1_lldp_mgmt_ip,
      &Row::uplink1_lldp_port_id, &Row::uplink1_lldp_port_descr},
     {&Row::uplink2_ifname, &Row::uplink2_nic_driver, &Row::uplink2_nic_model, &Row::uplink2_nic_bus_info,
      &Row::uplink2_nic_fw_version, &Row::uplink2_nic_pci_vendor, &Row::uplink2_nic_pci_device, &Row::uplink2_nic_speed_mbps,
      Block::uplink2, &Row::uplink2_lldp_chassis_name, &Row::uplink2_lldp_chassis_id, &Row::uplink2_lldp_mgmt_ip,
      &Row::uplink2_lldp_port_id, &Row::uplink2_lldp_port_descr}}};

void put_uplink(const UplinkFields& fields, const Row& from, Row& into) {
  for (const auto text : {fields.interface, fields.driver, fields.model, fields.bus_info, fields.firmware, fields.chassis_name,
                          fields.chassis_id, fields.management_address, fields.port_id, fields.port_description}) {
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

void Enricher::describe(std::uint64_t cgroup, Names& names) {
  const std::string& path = cgroups_.path_of(cgroup);
  if (names.path.view() == path) return;
  const Container container = container_of(path);
  names = {texts_.keep(path), texts_.keep(container.id), texts_.keep(container.runtime), {}, {}, names.was_met};
}

const Enricher::Names& Enricher::names_of(std::uint64_t cgroup) {
  const auto [known, is_new] = by_cgroup_.try_emplace(cgroup);
  if (is_new) {
    describe(cgroup, known->second);
    if (!known->second.container_id.empty()) unnamed_.push_back(cgroup);
  }
  known->second.was_met = true;
  return known->second;
}

void Enricher::refresh(core::Time now) {
  if (refreshed_once_ && now < refreshed_ + kRemembered) return;
  refreshed_ = now;
  read_uplinks();
  runtime_limit_.clear();
  if (!std::exchange(refreshed_once_, true) || by_cgroup_.empty()) return;
  std::erase_if(by_cgroup_, [](const auto& entry) { return !entry.second.was_met; });
  cgroups_.refresh();
  unnamed_.clear();
  for (auto& [cgroup, names] : by_cgroup_) {
    names.was_met = false;
    describe(cgroup, names);
    if (!names.container_id.empty()) unnamed_.push_back(cgroup);
  }
}

void Enricher::ask_runtime() {
  if (unnamed_.empty() || !runtime_limit_.empty()) return;
  if (!options_.names.docker_socket.empty()) ++questions_;
  std::string why;
  const auto containers = container_names(options_.names, core::MonotonicClock::now() + kPatience, &why);
  if (!why.empty()) runtime_limit_ = "containers have no names: " + why;
  for (const std::uint64_t cgroup : std::exchange(unnamed_, {})) {
    Names& names = by_cgroup_.at(cgroup);
    for (const ContainerName& container : containers) {
      if (names.container_id.view() != container.id) continue;
      names.name = texts_.keep(container.name);
      names.image = texts_.keep(container.image);
    }
  }
}

void Enricher::read_uplinks() {
  uplinks_ = {};
  lldp_limit_.clear();
  if (!options_.uplinks) return;
  const auto nics = find_uplinks(kUplinks.size());
  for (std::size_t i = 0; i < nics.size(); ++i) fill_uplink(kUplinks[i], nics[i], texts_, uplinks_);
  if (!nics.empty() && !options_.lldpd_socket.empty()) read_neighbours(nics);
}

void Enricher::read_neighbours(const std::vector<Nic>& nics) {
  std::vector<std::string> interfaces;
  for (const Nic& nic : nics) interfaces.push_back(nic.interface);
  const auto neighbours = ask_lldpd(options_.lldpd_socket, interfaces, core::MonotonicClock::now() + kPatience);
  if (!neighbours) {
    lldp_limit_ = "uplinks have no neighbours: " + neighbours.error().message;
    return;
  }
  for (std::size_t i = 0; i < neighbours->size(); ++i) {
    const auto& neighbour = neighbours->at(i);
    if (!neighbour) continue;
    const UplinkFields& fields = kUplinks.at(i);
    uplinks_.*fields.chassis_name = texts_.keep(neighbour->chassis_name);
    uplinks_.*fields.chassis_id = texts_.keep(neighbour->chassis_id);
    uplinks_.*fields.management_address = texts_.keep(neighbour->management_address);
    uplinks_.*fields.port_id = texts_.keep(neighbour->port_id);
    uplinks_.*fields.port_description = texts_.keep(neighbour->port_description);
  }
}

void Enricher::hold_texts() const {
  for (const auto& [cgroup, names] : by_cgroup_) {
    for (const record::Text text : {names.path, names.container_id, names.runtime, names.name, names.image}) {
      record::Texts::hold(text);
    }
  }
  record::hold_texts(uplinks_);
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
  refresh(now);
  std::uint64_t last = 0;
  const Names* names = nullptr;
  // Ids first, so that the runtime is asked once for all that are new.
  for (const Row& row : rows) {
    if (!row.knows(Block::c_group) || (names != nullptr && row.c_group == last)) continue;
    last = row.c_group;
    names = &names_of(last);
  }
  ask_runtime();
  for (const std::string& limit : {runtime_limit_, lldp_limit_}) {
    if (!limit.empty()) limits_.push_back(limit);
  }
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
