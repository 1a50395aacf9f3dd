#include "cure/nodelay.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::cure {
namespace {

using core::fail;
using core::Result;
using core::Status;

bool matches(const TcpSocket& socket, const CureOptions& options) {
  return !options.port || socket.local.port == *options.port || (socket.remote && socket.remote->port == *options.port);
}

enum class Switched { done, was_so, gone };

/// Sets the option, unless the program has done so itself meanwhile or the descriptor no longer means this socket.
Result<Switched> switch_nodelay(const ProcessSockets& process, const TcpSocket& socket, bool on) {
  const auto copy = process.duplicate(socket);
  if (!copy) return fail(copy.error());
  if (!*copy) return Switched::gone;
  const auto now = core::get_option(**copy, IPPROTO_TCP, TCP_NODELAY);
  if (!now) return fail(now.error());
  if ((*now != 0) == on) return Switched::was_so;
  if (const auto set = core::set_option(**copy, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); !set) return fail(set.error());
  return Switched::done;
}

core::Error name_socket(const core::Error& error, const ProcessSockets& process, const TcpSocket& socket) {
  return {error.code, error.system_errno,
          "process " + std::to_string(process.identity().pid) + " fd " + std::to_string(socket.fd) + " (" +
              to_string(socket.local) + "): " + error.message};
}

/// The state of this very process; an empty one when there is none, or one of an earlier process with the same pid.
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

bool due(const SocketOutcome& outcome) { return outcome.socket.connected() && !outcome.socket.nodelay; }

}  // namespace

Result<Watcher> Watcher::start(pid_t pid, CureOptions options) {
  auto process = ProcessSockets::open(pid);
  if (!process) return fail(process.error());
  std::optional<StateDirectory> states;
  if (options.state_directory) {
    auto opened = StateDirectory::open(*options.state_directory);
    if (!opened) return fail(opened.error());
    states = std::move(*opened);
  }
  return Watcher(std::move(*process), std::move(options), std::move(states));
}

Result<CureReport> Watcher::scan() {
  CureReport report;
  report.pid = process_.identity().pid;
  auto done = look(report);
  if (done) done = change(report);
  report.process_ended = process_.ended();
  if (report.process_ended) {  // whatever failed, failed because of that
    if (const auto forgotten = forget_process(); !forgotten) report.problems.push_back(forgotten.error());
    return report;
  }
  if (!done) return fail(done.error());
  return report;
}

Status Watcher::look(CureReport& report) {
  waiting_.clear();
  complete_ = true;
  const auto listed = process_.list();
  if (!listed) return fail(listed.error());
  std::unordered_map<std::uint64_t, Known> still;
  for (const SocketFd& socket : *listed) {
    if (const auto old = known_.find(socket.inode); old != known_.end() && old->second.settled) {
      still.insert(*old);
      continue;
    }
    const auto found = process_.inspect(socket.fd);
    if (!found) return fail(found.error());
    if (found->kind == Inspection::Kind::gone) {
      complete_ = false;
      continue;
    }
    const bool is_tcp = found->kind == Inspection::Kind::tcp;
    const TcpSocket& tcp = found->socket;
    const bool settled = !is_tcp || tcp.connected() || tcp.listening();
    const bool is_new = still.try_emplace(found->inode, Known{is_tcp ? std::optional(tcp.id) : std::nullopt, settled}).second;
    if (!is_new || !is_tcp || !matches(tcp, options_)) continue;
    if (settled) {
      report.sockets.push_back({tcp, tcp.nodelay, false});
    } else {
      waiting_.push_back(tcp);
    }
  }
  known_ = std::move(still);
  return {};
}

Status Watcher::record(const CureReport& report) const {
  auto state = load_own(*states_, process_.identity());
  if (!state) return fail(state.error());
  if (complete_) {  // drop what the process has closed, or a long watch's record would grow for ever
    std::set<SocketId> held;
    for (const auto& [inode, socket] : known_) {
      if (socket.id) held.insert(*socket.id);
    }
    std::erase_if(state->sockets, [&](const SocketId& id) { return !held.contains(id); });
  }
  for (const SocketOutcome& outcome : report.sockets) {
    if (due(outcome)) state->sockets.push_back(outcome.socket.id);
  }
  return store(*states_, *state);
}

Status Watcher::unrecord(const std::set<SocketId>& unchanged) const {
  auto state = load_own(*states_, process_.identity());
  if (!state) return fail(state.error());
  std::erase_if(state->sockets, [&](const SocketId& id) { return unchanged.contains(id); });
  return store(*states_, *state);
}

Status Watcher::change(CureReport& report) {
  if (std::ranges::none_of(report.sockets, due)) return {};
  core::Fd lock;  // held from the record to the last change: an undo in between would forget what is about to be changed
  if (states_) {
    auto locked = states_->lock();
    if (!locked) return fail(locked.error());
    lock = std::move(*locked);
    if (auto recorded = record(report); !recorded) return recorded;
  }
  std::set<SocketId> unchanged;
  for (SocketOutcome& outcome : report.sockets) {
    if (!due(outcome)) continue;
    const auto switched = switch_nodelay(process_, outcome.socket, true);
    outcome.changed = switched && *switched == Switched::done;
    outcome.nodelay_after = outcome.changed || (switched && *switched == Switched::was_so);
    report.changed += outcome.changed ? 1U : 0U;
    if (!switched) report.problems.push_back(name_socket(switched.error(), process_, outcome.socket));
    if (!outcome.changed) unchanged.insert(outcome.socket.id);
  }
  return unchanged.empty() || !states_ ? Status{} : unrecord(unchanged);
}

Status Watcher::forget_process() const {
  if (!states_) return {};
  const auto lock = states_->lock();
  if (!lock) return fail(lock.error());
  const auto state = load_own(*states_, process_.identity());
  if (!state) return fail(state.error());
  if (state->sockets.empty()) return {};
  return states_->remove(state->process.pid);
}

Result<CureReport> cure_process(pid_t pid, const CureOptions& options) {
  auto watcher = Watcher::start(pid, options);
  if (!watcher) return fail(watcher.error());
  auto report = watcher->scan();
  if (!report) return report;
  for (const TcpSocket& socket : watcher->waiting()) report->sockets.push_back({socket, socket.nodelay, false});
  std::ranges::sort(report->sockets, {}, [](const SocketOutcome& outcome) { return outcome.socket.fd; });
  return report;
}

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
    const auto switched = switch_nodelay(process, tcp, false);
    const bool done = switched && *switched == Switched::done;
    report.sockets.push_back({tcp, switched ? false : tcp.nodelay, done});
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
  const auto process = ProcessSockets::open(pid);
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
