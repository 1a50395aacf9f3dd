#include "probe/service_reader.hpp"

#include <bpf/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "probe/record_decoder.hpp"

namespace uncork::probe {
namespace {

constexpr std::size_t kOthers = 1;  // UNCORK_SERVICE_OTHERS, _FIRST in bpf/service.h
constexpr std::size_t kFirst = 2;

core::Micros micros(std::uint64_t us) { return core::Micros(static_cast<std::int64_t>(us)); }

/// A count from which something is being taken back may be read as less than nothing.
std::uint64_t count(std::uint64_t kernel) { return static_cast<std::int64_t>(kernel) < 0 ? 0 : kernel; }

template <std::size_t N>
stall::Parts parts_of(const uncork_part (&parts)[N], std::size_t used) {
  stall::Parts made;
  for (std::size_t i = 0; i < used; ++i) made.push_back({count(parts[i].exchanges), micros(count(parts[i].lost_us))});
  return made;
}

stall::Account account_of(const uncork_service_sums& s) {
  stall::Account account;
  for (const stall::Cause cause : stall::all_causes())
    account.budget[cause] = micros(count(s.budget_us[static_cast<std::size_t>(cause)]));
  for (std::size_t i = 0; i < stall::kStalls; ++i)
    account.late_by.at(i) = {micros(count(s.late_us[i])), count(s.late_writes[i]), core::Micros(s.late_worst_us[i])};
  account.exchanges = count(s.exchanges);
  account.writes = count(s.writes);
  account.wrote_bytes = count(s.wrote_bytes);
  account.received_bytes = count(s.received_bytes);
  account.holds = count(s.holds);
  account.spurious_probes = count(s.spurious_probes);
  for (std::size_t i = 0; i < account.hold_log2.size(); ++i)
    account.hold_log2.at(i) = static_cast<std::uint32_t>(std::min<std::uint64_t>(count(s.hold_log2[i]), UINT32_MAX));
  return account;
}

}  // namespace

stall::Service service_of(const uncork_service_sums& s, bool others) {
  stall::Service service;
  service.key.command.assign(s.key.command, strnlen(s.key.command, sizeof s.key.command));
  service.key.role = role_of(s.key.role);
  service.key.port = s.key.port;
  service.key.netns = others ? "" : anonymous_name(s.key.netns);
  service.others = others;
  service.account = account_of(s);
  service.times = stall::ExchangeTimes(s.times);
  service.connections = count(s.connections);
  service.open = std::min(count(s.open), service.connections);
  service.losers = count(s.losers);
  for (std::size_t i = 0; i < service.losers_by.size(); ++i) service.losers_by.at(i) = count(s.losers_by[i]);
  service.nodelay = count(s.nodelay);
  service.by_place = parts_of(s.by_place, UNCORK_PLACES);
  service.by_request = parts_of(s.by_request, UNCORK_SIZE_ROWS);
  service.by_answer = parts_of(s.by_answer, UNCORK_SIZE_ROWS);
  if (s.worst.family != 0) {
    service.worst = stall::Example{endpoint_of(s.worst.family, s.worst.local, s.worst.local_port),
                                   endpoint_of(s.worst.family, s.worst.remote, s.worst.remote_port), micros(s.worst.lost_us)};
  }
  return service;
}

core::Result<ServiceReader> ServiceReader::open(const Maps& maps) {
  ServiceReader reader;
  reader.maps_ = maps;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t size = (maps.elements * sizeof(uncork_service_sums) + page - 1) / page * page;
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, maps.services, 0);
  if (at == MAP_FAILED) return core::fail(core::system_error("map the sums by service", errno));
  reader.sums_ = {static_cast<const std::byte*>(at), size};
  return reader;
}

ServiceReader::ServiceReader(ServiceReader&& other) noexcept : maps_(other.maps_), sums_(std::exchange(other.sums_, {})) {}

ServiceReader& ServiceReader::operator=(ServiceReader&& other) noexcept {
  std::swap(maps_, other.maps_);
  std::swap(sums_, other.sums_);
  return *this;
}

ServiceReader::~ServiceReader() {
  if (!sums_.empty()) ::munmap(const_cast<std::byte*>(sums_.data()), sums_.size());
}

core::Result<ServiceReader::WorkersByService> ServiceReader::read_workers() const {
  constexpr std::uint32_t kBatch = 16384;  // all that there is room for: a batch is a bucket of the table at least
  std::vector<uncork_worker_key> keys(kBatch);
  std::vector<uncork_worker> values(kBatch);
  WorkersByService workers;
  std::uint32_t next = 0;
  for (bool first = true;; first = false) {
    std::uint32_t got = kBatch;
    const int err =
        bpf_map_lookup_batch(maps_.workers, first ? nullptr : &next, &next, keys.data(), values.data(), &got, nullptr);
    if (err != 0 && err != -ENOENT) return core::fail(core::system_error("read who works for which service", -err));
    for (std::uint32_t i = 0; i < got; ++i) {
      workers[keys[i].service].push_back({static_cast<std::int32_t>(values[i].pid), static_cast<std::int32_t>(keys[i].host_pid),
                                          values[i].connections, micros(count(values[i].lost_us)), true});
    }
    if (err == -ENOENT) return workers;
  }
}

core::Result<std::vector<stall::Service>> ServiceReader::read(std::size_t used, NamespaceNames& names) const {
  auto workers = read_workers();
  if (!workers) return core::fail(workers.error());
  std::vector<stall::Service> services;
  const std::size_t end = std::min(kFirst + used, maps_.elements);
  for (std::size_t i = kOthers; i < end; ++i) {
    uncork_service_sums sums;
    std::memcpy(&sums, sums_.data() + i * sizeof sums, sizeof sums);
    if (sums.connections == 0) continue;
    stall::Service service = service_of(sums, i == kOthers);
    service.key.netns = names.name_of(service.key.netns);
    if (const auto of = workers->find(static_cast<std::uint32_t>(i)); of != workers->end())
      service.workers = std::move(of->second);
    std::ranges::sort(service.workers, [](const stall::Worker& a, const stall::Worker& b) {
      return std::tuple(-a.lost.count(), a.host_pid) < std::tuple(-b.lost.count(), b.host_pid);
    });
    services.push_back(std::move(service));
  }
  return services;
}

}  // namespace uncork::probe
