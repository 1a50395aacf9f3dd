#pragma once
// The kernel's sums by service, read from its maps.

#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/result.hpp"
#include "probe/bpf/records.h"
#include "probe/namespaces.hpp"
#include "stall/service.hpp"

namespace uncork::probe {

/// A service from the kernel's sums; without its workers. `others`: of all that found no room.
[[nodiscard]] stall::Service service_of(const uncork_service_sums& sums, bool others);

/// Reads the array of sums, which it maps, and the table of workers. The maps must outlive it. One thread.
class ServiceReader {
 public:
  struct Maps {
    int services = -1;
    int workers = -1;
    std::size_t elements = 0;  ///< of the array of sums
  };
  [[nodiscard]] static core::Result<ServiceReader> open(const Maps& maps);
  ServiceReader(ServiceReader&& other) noexcept;
  ServiceReader& operator=(ServiceReader&& other) noexcept;
  ~ServiceReader();

  /// Every service that has carried something, with namespaces called by `names`. `used`: so many have a row.
  [[nodiscard]] core::Result<std::vector<stall::Service>> read(std::size_t used, NamespaceNames& names) const;

 private:
  ServiceReader() = default;
  using WorkersByService = std::unordered_map<std::uint32_t, std::vector<stall::Worker>>;
  [[nodiscard]] core::Result<WorkersByService> read_workers() const;

  Maps maps_;
  std::span<const std::byte> sums_;
};

}  // namespace uncork::probe
