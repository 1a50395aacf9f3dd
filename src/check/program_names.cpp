#include "check/program_names.hpp"

#include "probe/processes.hpp"

namespace uncork::check {

std::string ProgramNames::name_of(const stall::Process& process) {
  if (process.pid == 0) return "?";
  if (const auto known = names_.find(process.pid); known != names_.end()) return known->second;
  std::string name = probe::command_of(process.pid);
  if (name.empty()) return process.command;
  if (names_.size() >= kMost) names_.clear();
  return names_.try_emplace(process.pid, std::move(name)).first->second;
}

}  // namespace uncork::check
