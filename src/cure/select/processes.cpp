#include "cure/select/processes.hpp"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <optional>

#include "core/syscall.hpp"
#include "cure/process_identity.hpp"

namespace uncork::cure {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::optional<pid_t> number_of(std::string_view text) {
  pid_t number = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (err != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

core::Result<ProcessEntry> parse_process_entry(std::string_view stat) {
  const auto refused = [](const char* what) { return core::fail(core::invalid_argument(std::string("process stat: ") + what)); };
  const auto open = stat.find(" (");
  const auto close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) return refused("no command name");
  ProcessEntry entry;
  const auto pid = number_of(stat.substr(0, open));
  if (!pid || *pid == 0) return refused("no process id");
  entry.pid = *pid;
  entry.command = stat.substr(open + 2, close - open - 2);
  const std::string_view behind = stat.substr(close + 1);  // " S 1 ..."
  if (behind.size() < 4 || behind[0] != ' ' || behind[2] != ' ') return refused("no state");
  entry.ended = behind[1] == 'Z' || behind[1] == 'X';
  const auto parent = number_of(behind.substr(3, behind.find(' ', 3) - 3));
  if (!parent) return refused("no parent");
  entry.parent = *parent;
  const auto start = parse_start_ticks(stat);
  if (!start) return core::fail(start.error());
  entry.start_ticks = *start;
  return entry;
}

core::Result<std::vector<ProcessEntry>> list_processes(const std::string& proc) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(proc.c_str()));
  if (!directory) return core::fail(core::system_error("open " + proc, errno));
  std::vector<ProcessEntry> found;
  while (const dirent* name = ::readdir(directory.get())) {
    const std::string_view pid = name->d_name;
    if (!number_of(pid)) continue;
    const auto stat = core::read_file(proc + "/" + std::string(pid) + "/stat", 4096);
    if (!stat) continue;
    auto entry = parse_process_entry(*stat);
    if (entry && !entry->ended) found.push_back(std::move(*entry));
  }
  std::ranges::sort(found, {}, &ProcessEntry::pid);
  return found;
}

}  // namespace uncork::cure
