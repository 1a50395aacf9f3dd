#include <algorithm>
#include <set>
#include <utility>

#include "cure/switching.hpp"
#include "cure/watcher.hpp"

namespace uncork::cure {

using core::fail;
using core::Result;
using core::Status;

namespace {

/// Restores the recorded sockets that the process still holds and takes them off the record; those that the port leaves out stay
/// on it.
Status restore(const ProcessSockets& process, const CureOptions& options, CureState& state, CureReport& report) {
  const auto listed = process.list();
  if (!listed) return fail(listed.error());
  std::set<SocketId> unseen(state.sockets.begin(), state.sockets.end());
  state.sockets.clear();
  bool complete = true;
  for (const SocketFd& socket : *listed) {
    const auto found = process.inspect(socket.fd);
    if (!found) return fail(found.error());
    complete = complete && found->kind != Inspection::Kind::gone;
    const TcpSocket& tcp = found->socket;
    if (found->kind != Inspection::Kind::tcp || unseen.erase(tcp.id) == 0) continue;
    if (!matches(tcp, options)) {
      state.sockets.push_back(tcp.id);
      continue;
    }
    const auto switched = switch_option(process, tcp, false);
    const bool done = switched && *switched == Switched::done;
    report.sockets.push_back({tcp, switched ? false : tcp.is_set, done});
    report.undone += done ? 1U : 0U;
    if (!switched) {
      report.problems.push_back(name_socket(switched.error(), process, tcp));
      state.sockets.push_back(tcp.id);
    }
  }
  // A descriptor that was closed under our eyes may have left its socket open under another number: leave it to the next undo.
  if (!complete) state.sockets.insert(state.sockets.end(), unseen.begin(), unseen.end());
  return {};
}

}  // namespace

Result<CureReport> undo_process(pid_t pid, const CureOptions& options) {
  UNCORK_ASSERT(options.state_directory.has_value());
  const auto process = ProcessSockets::open(pid, options.option);
  if (!process) return fail(process.error());
  const auto states = StateDirectory::open(*options.state_directory);
  if (!states) return fail(states.error());
  const auto lock = states->lock();
  if (!lock) return fail(lock.error());
  auto state = load_own(*states, process->identity());
  if (!state) return fail(state.error());
  CureReport report;
  report.pid = pid;
  const auto restored = state->sockets.empty() ? Status{} : restore(*process, options, *state, report);
  report.process_ended = process->ended();
  if (report.process_ended) state->sockets.clear();
  if (!restored && !report.process_ended) return fail(restored.error());
  if (auto stored = store(*states, *state); !stored) return fail(stored.error());
  return report;
}

}  // namespace uncork::cure
