#pragma once
// From cgroup ids to paths.

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace uncork::probe {

/// Where cgroup v2 is mounted: /sys/fs/cgroup, or beside v1 /sys/fs/cgroup/unified; empty if nowhere.
[[nodiscard]] std::string cgroup_mount(const std::string& mountinfo = "/proc/self/mountinfo");

/// The paths of the machine's cgroups by id (the inode of the directory). The tree is walked when an id comes that was in no walk
/// before, and never twice within one look. A cgroup that is gone keeps its path while somebody asks for it: the kernel does not
/// use an id again (Linux fs/kernfs/dir.c: the number of an inode together with its generation). Not thread-safe.
class CgroupPaths {
 public:
  explicit CgroupPaths(std::string mount = cgroup_mount()) : mount_(std::move(mount)) {}

  /// Lets the tree be walked once more.
  void begin_look() { walked_ = false; }
  /// Walks the tree at once: an id that has moved to another path has that one from now on, ids that were not found are looked
  /// for again, and those that are gone and were not asked for since the last refresh are forgotten.
  void refresh();
  /// `/system.slice/nginx.service`; empty: no cgroup of that id was found. Valid until the next call of begin_look().
  [[nodiscard]] const std::string& path_of(std::uint64_t id);

  [[nodiscard]] std::size_t walks() const { return walks_; }
  [[nodiscard]] std::size_t size() const { return paths_.size(); }

 private:
  static constexpr std::size_t kMost = 100'000;  // directories; more than that are not looked at

  struct Known {
    std::string path{};  // empty: looked for and not found
    bool was_asked = false;
  };
  void walk();

  std::string mount_;
  std::unordered_map<std::uint64_t, Known> paths_;
  bool walked_ = false;
  std::size_t walks_ = 0;
};

}  // namespace uncork::probe
