#include "probe/look/look.hpp"

#include "probe/look/live_looker.hpp"
#include "probe/look/replay_looker.hpp"

namespace uncork::probe {

core::Result<std::unique_ptr<Looker>> Looker::open(const LookOptions& options) { return LiveLooker::open(options); }

core::Result<std::unique_ptr<Looker>> Looker::replay(const std::string& capture, const LookOptions& options) {
  return ReplayLooker::open(capture, options);
}

}  // namespace uncork::probe
