#include "cure/select/selector.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/count.hpp"
#include "core/nearest.hpp"
#include "core/syscall.hpp"

namespace uncork::cure {
namespace {

constexpr std::size_t kCommandBytes = 15;  // TASK_COMM_LEN less its zero
constexpr std::size_t kMostNamed = 8;

constexpr std::string_view kMount = "/sys/fs/cgroup";

bool is_below(std::string_view path, std::string_view top) {
  while (top.ends_with('/')) top.remove_suffix(1);
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

/// Of `hierarchy:controllers:path`: where such a hierarchy is mounted by custom, and the path; both empty of another line.
struct GroupLine {
  std::string folder;
  std::string_view path;
};

GroupLine split_group_line(std::string_view line) {
  const auto first = line.find(':');
  const auto second = first == std::string_view::npos ? first : line.find(':', first + 1);
  if (second == std::string_view::npos) return {};
  std::string_view controllers = line.substr(first + 1, second - first - 1);
  if (controllers.starts_with("name=")) controllers.remove_prefix(5);
  return {controllers.empty() ? "unified" : std::string(controllers), line.substr(second + 1)};
}

/// `80, 443, 8001 and 5 more`.
std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kMostNamed ? fmt::format("{} and {} more", text, names.size() - kMostNamed) : text;
}

std::string not_seen(const PortHolders& holders) {
  if (holders.refused == 0) return "";
  return core::count_of(holders.refused, "process of another user", "processes of other users") +
         " could not be looked into; run uncork with CAP_SYS_PTRACE (sudo uncork cure ...)";
}

std::string_view said(PortUse use) {
  switch (use) {
    case PortUse::listens:
      return "listens on port";
    case PortUse::serves:
      return "serves port";
    case PortUse::connects:
      return "is connected to port";
  }
  return "uses port";
}

class Choice {
 public:
  Choice(const Selector& selector, std::span<const ProcessEntry> processes) : selector_(selector), processes_(processes) {}

  void by_pid() {
    for (const pid_t pid : selector_.pids) {
      const auto known = std::ranges::find(processes_, pid, &ProcessEntry::pid);
      ProcessEntry process;
      process.pid = pid;
      result_.chosen.push_back({known == processes_.end() ? process : *known, ""});
    }
  }

  void by_command() {
    const std::string wanted = selector_.command.substr(0, kCommandBytes);
    std::vector<std::string> names;
    for (const ProcessEntry& process : processes_) {
      names.push_back(process.command);
      if (process.command == wanted) result_.chosen.push_back({process, "is called " + wanted});
    }
    if (!result_.chosen.empty()) return;
    const std::string near = core::nearest(wanted, names);
    result_.why_none = fmt::format(
        "--comm {}: none of {} is called so{}", selector_.command, core::count_of(processes_.size(), "process", "processes"),
        near.empty() ? "; 'ps -eo pid,comm' lists their names"
                     : fmt::format("; did you mean '{}' ({})?", near, std::ranges::count(names, near)));
  }

  void by_group(const std::function<std::string(pid_t)>& text_of) {
    const GroupRule& rule = selector_.group;
    std::map<std::string, std::size_t> others;
    for (const ProcessEntry& process : processes_) {
      const std::string text = text_of(process.pid);
      const std::string name = rule.name_of(text);
      if (rule.matches(text)) {
        result_.chosen.push_back({process, fmt::format("is in {} {}", rule.what, name)});
      } else if (!name.empty()) {
        ++others[name];
      }
    }
    if (!result_.chosen.empty()) return;
    std::vector<std::string> names;
    for (const auto& [name, count] : others) names.push_back(name);
    result_.why_none = fmt::format(
        "--{} {}: no process is in it; {}", rule.what, rule.wanted,
        names.empty()
            ? fmt::format("none of {} is in any {}", core::count_of(processes_.size(), "process", "processes"), rule.what)
            : fmt::format("{}s that have some: {}", rule.what, list_of(names)));
  }

  /// The side that serves, if it is here: a cure belongs where the stall is made, and most are made by servers that answer in
  /// pieces; and whoever names a port means the service. Its clients may be anybody's programs.
  void by_port(const PortHolders& holders) {
    const bool served = std::ranges::any_of(holders.by_pid, [](const auto& one) { return one.second != PortUse::connects; });
    std::vector<std::string> left;
    for (const ProcessEntry& process : processes_) {
      const auto held = holders.by_pid.find(process.pid);
      if (held == holders.by_pid.end()) continue;
      if (served && held->second == PortUse::connects) {
        left.push_back(fmt::format("{} ({})", process.pid, process.command));
      } else {
        result_.chosen.push_back({process, fmt::format("{} {}", said(held->second), selector_.port)});
      }
    }
    const std::string hidden = not_seen(holders);
    if (result_.chosen.empty()) {
      std::vector<std::string> ports;
      for (const std::uint16_t port : holders.listening) ports.push_back(std::to_string(port));
      result_.why_none =
          fmt::format("--port {}: no process that can be seen holds a connection or a listener with it; {}{}", selector_.port,
                      ports.empty() ? "nobody listens on any port" : "ports listened on: ", list_of(ports)) +
          (hidden.empty() ? "" : "; " + hidden);
      return;
    }
    if (!left.empty()) {
      result_.notes.push_back(
          fmt::format("left alone, at the other end of port {}: {}; --pid cures these too", selector_.port, list_of(left)));
    }
    if (!hidden.empty()) result_.notes.push_back(hidden);
  }

  /// What the chosen and `members` have started; a child may stand before its parent.
  void descendants(const std::set<pid_t>& members) {
    std::set<pid_t> in = members;
    for (const Chosen& chosen : result_.chosen) in.insert(chosen.process.pid);
    std::set<pid_t> shown;
    for (const Chosen& chosen : result_.chosen) shown.insert(chosen.process.pid);
    for (bool more = true; more;) {
      more = false;
      for (const ProcessEntry& process : processes_) {
        const bool member = in.contains(process.pid);
        if (shown.contains(process.pid) || (!member && !in.contains(process.parent))) continue;
        in.insert(process.pid);
        shown.insert(process.pid);
        result_.chosen.push_back({process, fmt::format("was started by {}", process.parent)});
        more = true;
      }
    }
  }

  Selection take() { return std::move(result_); }

 private:
  const Selector& selector_;
  std::span<const ProcessEntry> processes_;
  Selection result_;
};

void leave_out_ourselves(std::vector<ProcessEntry>& processes) {
  const pid_t self = ::getpid();
  std::erase_if(processes, [&](const ProcessEntry& process) { return process.pid == self || process.parent == self; });
}

}  // namespace

GroupRule in_cgroup(const std::string& path) {
  std::string wanted = path;
  const bool on_disk = is_below(wanted, kMount);
  if (on_disk) wanted.erase(0, kMount.size());
  if (!wanted.starts_with('/')) wanted.insert(0, "/");
  while (wanted.size() > 1 && wanted.ends_with('/')) wanted.pop_back();
  const auto matches = [wanted, on_disk](std::string_view text) {
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(line.size() + 1, text.size()));
      const auto [folder, at] = split_group_line(line);
      if (at.empty()) continue;
      if (is_below(at, wanted)) return true;
      // Hierarchies that are mounted side by side: /sys/fs/cgroup/pids/web.
      if (on_disk && is_below(wanted, "/" + folder) && is_below(at, std::string_view(wanted).substr(1 + folder.size())))
        return true;
    }
    return false;
  };
  const auto name_of = [](std::string_view text) {  // the last line is of cgroup v2 where there is one
    if (text.ends_with('\n')) text.remove_suffix(1);
    return std::string(split_group_line(text.substr(text.rfind('\n') + 1)).path);
  };
  return {"cgroup", path, matches, name_of};
}

Selection choose(const Selector& selector, std::span<const ProcessEntry> processes, const std::set<pid_t>& members,
                 const std::function<std::string(pid_t)>& group_text, const PortHolders& holders) {
  Choice choice(selector, processes);
  switch (selector.by) {
    case Selector::By::pid:
      choice.by_pid();
      break;
    case Selector::By::command:
      choice.by_command();
      break;
    case Selector::By::group:
      choice.by_group(group_text);
      break;
    case Selector::By::port:
      choice.by_port(holders);
      break;
  }
  if (selector.tree) choice.descendants(members);
  return choice.take();
}

core::Result<Selection> select_processes(const Selector& selector, const std::set<pid_t>& members) {
  auto processes = list_processes();
  if (!processes) return core::fail(processes.error());
  leave_out_ourselves(*processes);
  PortHolders holders;
  if (selector.by == Selector::By::port) holders = find_port_holders(selector.port, *processes);
  const auto group_text = [](pid_t pid) { return core::read_file(fmt::format("/proc/{}/cgroup", pid)).value_or(""); };
  return choose(selector, *processes, members, group_text, holders);
}

}  // namespace uncork::cure
