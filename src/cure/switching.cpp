#include "cure/switching.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace uncork::cure {

using core::fail;
using core::Result;
using core::Status;

bool matches(const TcpSocket& socket, const CureOptions& options) {
  return !options.port || socket.local.port == *options.port || (socket.remote && socket.remote->port == *options.port);
}

Result<Switched> switch_option(const ProcessSockets& process, const TcpSocket& socket, bool on) {
  const auto copy = process.duplicate(socket);
  if (!copy) return fail(copy.error());
  if (!*copy) return Switched::gone;
  const auto now = is_set(**copy, process.option());
  if (!now) return fail(now.error());
  if (*now == on) return Switched::was_so;
  if (const auto done = set(**copy, process.option(), on); !done) return fail(done.error());
  return Switched::done;
}

core::Error name_socket(const core::Error& error, const ProcessSockets& process, const TcpSocket& socket) {
  return {error.code, error.system_errno,
          "process " + std::to_string(process.identity().pid) + " fd " + std::to_string(socket.fd) + " (" +
              to_string(socket.local) + "): " + error.message};
}

Result<CureState> load_own(const StateDirectory& states, const ProcessIdentity& process) {
  auto loaded = states.load(process.pid);
  if (!loaded) return fail(loaded.error());
  if (*loaded && (*loaded)->process == process) return std::move(**loaded);
  return CureState{process, {}};
}

Status store(const StateDirectory& states, CureState& state) {
  if (state.sockets.empty()) return states.remove(state.process.pid);
  std::ranges::sort(state.sockets);
  const auto twice = std::ranges::unique(state.sockets);
  state.sockets.erase(twice.begin(), twice.end());
  return states.save(state);
}

}  // namespace uncork::cure
