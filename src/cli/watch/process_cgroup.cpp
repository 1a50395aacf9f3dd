#include "cli/watch/process_cgroup.hpp"

#include <fstream>
#include <sstream>

namespace uncork::cli {

std::string cgroup_text(std::int32_t pid) {
  if (pid == 0) return "";
  const std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return text.str();
}

std::string cgroup_path_in(const std::string& text) {
  std::string_view lines = text;
  if (lines.ends_with('\n')) lines.remove_suffix(1);
  const std::string_view line = lines.substr(lines.rfind('\n') + 1);
  const std::size_t colon = line.find(':', line.find(':') + 1);
  return line.empty() || colon == std::string_view::npos ? "" : std::string(line.substr(colon + 1));
}

bool is_in_cgroup(const std::string& path, const std::string& cgroup) {
  if (cgroup == "/" || path == cgroup) return !path.empty();
  return path.starts_with(cgroup) && path[cgroup.size()] == '/';
}

}  // namespace uncork::cli
