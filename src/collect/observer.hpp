#pragma once
// What a collector polls: every socket as a row, and the sums of every service.

#include <memory>
#include <vector>

#include "collect/group_gains.hpp"
#include "collect/settings.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "probe/enrich/container_names.hpp"
#include "probe/enrich/enrichment.hpp"
#include "probe/look/look.hpp"
#include "sink/store/increments.hpp"
#include "sink/store/store.hpp"

namespace uncork::collect {

/// One thread. Needs what a Looker needs.
class Observer {
 public:
  [[nodiscard]] static core::Result<std::unique_ptr<Observer>> open(const Settings& settings);

  /// From when on services are summed up: the first gains() are of the time since then.
  [[nodiscard]] core::Time since() const { return since_; }
  /// Rows of all sockets, those that ended since the poll before included.
  [[nodiscard]] core::Result<probe::Look*> look();
  /// What each service, process and peer gained since this was asked last; empty where BPF cannot be used.
  [[nodiscard]] core::Result<std::vector<sink::ServiceGain>> gains();
  /// Until `until`, taking in meanwhile what ends.
  [[nodiscard]] core::Status wait(core::Time until);

 private:
  Observer() = default;

  std::unique_ptr<probe::Enrichment> enrichment_;
  core::Time since_{};
  std::unique_ptr<probe::Looker> looker_;
  probe::Look look_;
  sink::Increments increments_;
  GroupGains groups_;
  probe::ContainerNamer namer_;
};

}  // namespace uncork::collect
