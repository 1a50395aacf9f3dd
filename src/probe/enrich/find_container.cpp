#include "probe/enrich/find_container.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "core/clock.hpp"
#include "probe/enrich/container_id.hpp"
#include "probe/processes.hpp"

namespace uncork::probe {
namespace {

constexpr std::size_t kFewestDigits = 4;
constexpr std::size_t kShortId = 12;

std::string name_of(const std::string& id, const std::vector<ContainerName>& names) {
  const auto known = std::ranges::find(names, id, &ContainerName::id);
  return known == names.end() ? "" : known->name;
}

/// `web (3f1c0a77b2d9), 5a0e8d1c4b7f`
std::string list_of(const std::map<std::string, std::string>& containers, const std::vector<ContainerName>& names) {
  constexpr std::size_t kMost = 8;
  std::string text;
  std::size_t listed = 0;
  for (const auto& [id, path] : containers) {
    if (listed++ == kMost) return text + ", ...";
    const std::string name = name_of(id, names);
    const std::string digits = id.substr(0, kShortId);
    text += (text.empty() ? "" : ", ") + printable(name.empty() ? digits : fmt::format("{} ({})", name, digits));
  }
  return text;
}

/// Every directory below `mount`, as a path below it.
std::vector<std::string> paths_below(const std::string& mount) {
  namespace fs = std::filesystem;
  constexpr std::size_t kMost = 100'000;
  std::vector<std::string> paths;
  std::error_code failed;
  fs::recursive_directory_iterator entry(mount, fs::directory_options::skip_permission_denied, failed);
  for (const fs::recursive_directory_iterator end; entry != end && paths.size() < kMost; entry.increment(failed)) {
    std::error_code gone;
    if (entry->is_directory(gone) && !gone) paths.push_back(entry->path().string().substr(mount.size()));
  }
  return paths;
}

}  // namespace

core::Result<std::string> container_among(std::string_view asked, const std::vector<std::string>& paths,
                                          const std::vector<ContainerName>& names) {
  std::map<std::string, std::string> containers;  // id -> its uppermost path
  for (const std::string& path : paths) {
    const std::string id = container_of(path).id;
    if (id.empty()) continue;
    const auto [known, fresh] = containers.try_emplace(id, path);
    if (!fresh && path.size() < known->second.size()) known->second = path;
  }
  std::map<std::string, std::string> meant;
  for (const auto& [id, path] : containers) {
    if (!asked.empty() && (id == asked || name_of(id, names) == asked)) return path;
    if (asked.size() >= kFewestDigits && id.starts_with(asked)) meant.emplace(id, path);
  }
  if (meant.size() == 1) return meant.begin()->second;
  const std::string shown = printable(asked.substr(0, 80));
  if (!meant.empty())
    return core::fail(core::invalid_argument(fmt::format("container '{}' may be {}", shown, list_of(meant, names))));
  const std::string there = containers.empty() ? "none is running here" : "there are " + list_of(containers, names);
  return core::fail(core::Error{core::ErrorCode::not_found, 0, fmt::format("no container '{}'; {}", shown, there)});
}

core::Result<std::string> find_container(std::string_view asked, const NameSources& sources, const std::string& mount) {
  constexpr core::Micros kPatience{2'000'000};
  if (mount.empty()) {
    return core::fail(core::Error{core::ErrorCode::not_supported, 0,
                                  "containers are told by control groups of version 2, and no such hierarchy is mounted"});
  }
  return container_among(asked, paths_below(mount), container_names(sources, core::MonotonicClock::now() + kPatience));
}

}  // namespace uncork::probe
