#include "probe/enrich/cgroup_paths.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <sstream>
#include <system_error>

#include "core/syscall.hpp"

namespace uncork::probe {

std::string cgroup_mount(const std::string& mountinfo) {
  const auto text = core::read_file(mountinfo);
  if (!text) return {};
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    // proc(5): id, parent, device, root, mount point, options, optional fields, "-", type, ...
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream fields(line);
    std::string field;
    for (int i = 0; i < 5; ++i) fields >> field;
    return field;
  }
  return {};
}

const std::string& CgroupPaths::path_of(std::uint64_t id) {
  auto known = paths_.find(id);
  if (known == paths_.end() && !walked_) {
    walk();
    known = paths_.find(id);
  }
  if (known == paths_.end()) known = paths_.try_emplace(id).first;
  known->second.was_asked = true;
  return known->second.path;
}

void CgroupPaths::refresh() {
  std::erase_if(paths_, [](const auto& entry) { return entry.second.path.empty() || !entry.second.was_asked; });
  for (auto& [id, known] : paths_) known.was_asked = false;
  walk();
}

void CgroupPaths::walk() {
  namespace fs = std::filesystem;
  walked_ = true;
  ++walks_;
  if (mount_.empty()) return;
  const auto keep = [&](const std::string& directory) {
    struct stat found{};
    if (::stat(directory.c_str(), &found) != 0) return;  // removed meanwhile
    paths_[found.st_ino].path = directory.size() == mount_.size() ? "/" : directory.substr(mount_.size());
  };
  keep(mount_);
  std::error_code failed;
  std::size_t seen = 0;
  fs::recursive_directory_iterator entry(mount_, fs::directory_options::skip_permission_denied, failed);
  for (const fs::recursive_directory_iterator end; entry != end && seen < kMost; entry.increment(failed)) {
    std::error_code gone;
    if (!entry->is_directory(gone)) continue;
    ++seen;
    keep(entry->path().string());
  }
}

}  // namespace uncork::probe
