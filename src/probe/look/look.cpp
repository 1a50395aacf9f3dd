#include "probe/look/look.hpp"

#include "probe/look/live_looker.hpp"
#include "probe/look/replay_looker.hpp"

namespace uncork::probe {

std::string_view name_of(LookPath path) {
  switch (path) {
    case LookPath::pass:
      return "BPF";
    case LookPath::dumps:
      return "inet_diag";
    case LookPath::capture:
      return "a capture";
  }
  return "";
}

core::Result<std::unique_ptr<Looker>> Looker::open(const LookOptions& options) { return LiveLooker::open(options); }

core::Result<std::unique_ptr<Looker>> Looker::replay(const std::string& capture, const LookOptions& options) {
  return ReplayLooker::open(capture, options);
}

}  // namespace uncork::probe
