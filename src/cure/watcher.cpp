#include "cure/watcher.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "cure/switching.hpp"

namespace uncork::cure {
namespace {

using core::fail;
using core::Result;
using core::Status;

bool due(const SocketOutcome& outcome) { return outcome.socket.connected() && !outcome.socket.is_set; }

}  // namespace

Result<Watcher> Watcher::start(pid_t pid, CureOptions options) {
  auto process = ProcessSockets::open(pid, options.option);
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
  inodes_.clear();
  auto done = look_again();
  if (done) done = look(report);
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
  std::map<std::uint64_t, Known> still;
  for (const SocketFd& socket : *listed) {
    if (const auto old = known_.find(socket.inode); old != known_.end() && old->second.settled) {
      old->second.fd = socket.fd;
      still.insert(known_.extract(old));
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
    Known known;
    if (is_tcp) known.id = tcp.id;
    known.settled = settled;
    known.kept_on = is_tcp && tcp.connected() && tcp.is_set && matches(tcp, options_);
    known.fd = socket.fd;
    const bool is_new = still.try_emplace(found->inode, known).second;
    if (!is_new || !is_tcp || !matches(tcp, options_)) continue;
    if (settled) {
      inodes_[tcp.id] = found->inode;
      report.sockets.push_back({tcp, tcp.is_set, false});
    } else {
      waiting_.push_back(tcp);
    }
  }
  known_ = std::move(still);
  return {};
}

/// In the order of inodes, from where the last pass ended.
Status Watcher::look_again() {
  cleared_.clear();
  std::size_t looks = 0;
  auto at = known_.upper_bound(checked_last_);
  for (std::size_t steps = 0; steps < known_.size() && looks < kRechecks; ++steps, ++at) {
    if (at == known_.end()) at = known_.begin();
    checked_last_ = at->first;
    if (!at->second.kept_on) continue;
    ++looks;
    const auto found = process_.inspect(at->second.fd);
    if (!found) return fail(found.error());
    if (found->kind != Inspection::Kind::tcp || found->inode != at->first || found->socket.is_set) continue;
    inodes_[found->socket.id] = at->first;
    cleared_.push_back(found->socket);
  }
  return {};
}

Status Watcher::record(const CureReport& report) {
  auto state = load_own(*states_, process_.identity());
  if (!state) return fail(state.error());
  // What we have set, and is no longer on the record, an undo took back: that is not ours to overrule.
  std::erase_if(cleared_, [&](const TcpSocket& socket) {
    const auto known = known_.find(inodes_[socket.id]);
    const bool undone =
        known != known_.end() && known->second.recorded && std::ranges::find(state->sockets, socket.id) == state->sockets.end();
    if (undone) known->second.kept_on = false;
    return undone;
  });
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
  for (const TcpSocket& socket : cleared_) state->sockets.push_back(socket.id);
  return store(*states_, *state);
}

Status Watcher::unrecord(const std::set<SocketId>& unchanged) const {
  auto state = load_own(*states_, process_.identity());
  if (!state) return fail(state.error());
  std::erase_if(state->sockets, [&](const SocketId& id) { return unchanged.contains(id); });
  return store(*states_, *state);
}

Status Watcher::change(CureReport& report) {
  if (std::ranges::none_of(report.sockets, due) && cleared_.empty()) return {};
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
    const auto switched = switch_option(process_, outcome.socket, true);
    outcome.changed = switched && *switched == Switched::done;
    outcome.set_after = outcome.changed || (switched && *switched == Switched::was_so);
    report.changed += outcome.changed ? 1U : 0U;
    if (!switched) report.problems.push_back(name_socket(switched.error(), process_, outcome.socket));
    if (!outcome.changed) unchanged.insert(outcome.socket.id);
    if (outcome.set_after) settle(outcome.socket.id, outcome.changed);
  }
  set_again(report);
  return unchanged.empty() || !states_ ? Status{} : unrecord(unchanged);
}

/// What the program has cleared. One that refuses is left alone from then on.
void Watcher::set_again(CureReport& report) {
  for (const TcpSocket& socket : cleared_) {
    const auto switched = switch_option(process_, socket, true);
    if (!switched) {
      report.problems.push_back(name_socket(switched.error(), process_, socket));
      if (const auto known = known_.find(inodes_[socket.id]); known != known_.end()) known->second.kept_on = false;
      continue;
    }
    if (*switched != Switched::done) continue;
    settle(socket.id, true);
    report.set_again.push_back(socket);
  }
}

void Watcher::settle(const SocketId& id, bool changed) {
  const auto known = known_.find(inodes_[id]);
  if (known == known_.end()) return;
  known->second.kept_on = true;
  known->second.recorded = known->second.recorded || changed;
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
  for (const TcpSocket& socket : watcher->waiting()) report->sockets.push_back({socket, socket.is_set, false});
  std::ranges::sort(report->sockets, {}, [](const SocketOutcome& outcome) { return outcome.socket.fd; });
  return report;
}

}  // namespace uncork::cure
