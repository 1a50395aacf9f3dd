#include "cure/select/fleet.hpp"

#include <algorithm>
#include <utility>

#include "cure/refusal.hpp"

namespace uncork::cure {

core::Result<Fleet::News> Fleet::discover() {
  std::set<pid_t> members;
  for (const auto& [pid, watcher] : watchers_) members.insert(pid);
  auto selection = select_processes(selector_, members);
  if (!selection) return core::fail(selection.error());
  News news;
  news.notes = std::move(selection->notes);
  news.why_none = std::move(selection->why_none);
  std::set<Identity> still_refused;
  for (Chosen& chosen : selection->chosen) {
    const pid_t pid = chosen.process.pid;
    const bool given = chosen.why.empty();
    if (watchers_.contains(pid) || (given && looked_)) continue;  // a pid that was given means one process, however it ends
    const Identity identity(pid, chosen.process.start_ticks);
    if (refused_.contains(identity)) {
      still_refused.insert(identity);
      continue;
    }
    auto watcher = Watcher::start(pid, options_);
    if (watcher) {
      watchers_.emplace(pid, std::move(*watcher));
      news.joined.push_back(std::move(chosen));
    } else if (given || watcher.error().code != core::ErrorCode::not_found) {  // else it has ended between two looks
      news.refused.push_back(watcher.error());
      still_refused.insert(identity);
    }
  }
  refused_ = std::move(still_refused);
  looked_ = true;
  return news;
}

std::vector<Fleet::Passed> Fleet::scan() {
  std::vector<Passed> passed;
  for (auto& [pid, watcher] : watchers_) passed.push_back({pid, watcher.scan()});
  forget(passed);
  return passed;
}

std::vector<Fleet::Passed> Fleet::undo() {
  std::vector<Passed> passed;
  for (auto& [pid, watcher] : watchers_) {
    auto report = undo_process(pid, options_);
    auto anew = Watcher::start(pid, options_);
    if (anew) {
      watcher = std::move(*anew);
    } else if (report && anew.error().code == core::ErrorCode::not_found) {
      report->process_ended = true;
    } else if (report) {
      report = core::fail(anew.error());
    }
    passed.push_back({pid, std::move(report)});
  }
  forget(passed);
  return passed;
}

void Fleet::forget(const std::vector<Passed>& passed) {
  for (const Passed& one : passed) {
    if (!one.report || one.report->process_ended) watchers_.erase(one.pid);
  }
}

bool Fleet::ended() const {
  return std::ranges::all_of(watchers_, [](const auto& one) { return one.second.ended(); });
}

std::vector<pid_t> Fleet::pids() const {
  std::vector<pid_t> pids;
  for (const auto& [pid, watcher] : watchers_) pids.push_back(pid);
  return pids;
}

}  // namespace uncork::cure
