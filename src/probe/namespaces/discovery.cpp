#include "probe/namespaces/discovery.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include "core/syscall.hpp"
#include "probe/namespaces.hpp"
#include "probe/namespaces/enter.hpp"

namespace uncork::probe {
namespace {

struct DirectoryCloser {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, DirectoryCloser>;

constexpr std::size_t kPathsKept = 8;  // of one namespace: some may be gone when it is to be entered

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> linked_namespace(int directory, const char* link) {
  std::array<char, 64> target{};  // what is longer is a file's path
  const ssize_t length = ::readlinkat(directory, link, target.data(), target.size());
  if (length <= 0) return std::nullopt;
  return namespace_inode({target.data(), static_cast<std::size_t>(length)});
}

class Search {
 public:
  explicit Search(const DiscoveryOptions& options) : options_(options) {}

  void look_into_folder(const std::string& folder);
  void look_at_mounts();
  core::Status look_at_processes();
  FoundNamespaces take();

 private:
  FoundNamespace& add(std::uint64_t inode, std::string path);
  void add_mount(std::uint64_t inode, const std::string& path);
  void look_at(pid_t pid, int proc);
  void look_at_descriptors(pid_t pid);

  const DiscoveryOptions& options_;
  FoundNamespaces found_;
};

FoundNamespace& Search::add(std::uint64_t inode, std::string path) {
  FoundNamespace& space = found_.by_inode[inode];
  space.inode = inode;
  if (space.paths.size() < kPathsKept && std::ranges::find(space.paths, path) == space.paths.end()) {
    space.paths.push_back(std::move(path));
  }
  return space;
}

void Search::add_mount(std::uint64_t inode, const std::string& path) {
  FoundNamespace& space = add(inode, path);
  space.mounts = space.paths.size();  // processes are looked at later
}

void Search::look_into_folder(const std::string& folder) {
  struct stat own{};
  if (::stat((options_.proc + "/self/ns/net").c_str(), &own) != 0) return;
  const Directory directory(::opendir(folder.c_str()));
  if (!directory) return;  // a folder that is not there holds none
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(directory.get())) names.emplace_back(entry->d_name);
  std::ranges::sort(names);
  for (const std::string& name : names) {
    struct stat file{};
    if (name == "." || name == ".." || ::fstatat(::dirfd(directory.get()), name.c_str(), &file, 0) != 0) continue;
    // What ip-netns(8) leaves behind when the mount on it is gone is a plain file, on another device.
    if (file.st_dev == own.st_dev) add_mount(file.st_ino, std::filesystem::path(folder) / name);
  }
}

void Search::look_at_mounts() {
  const auto text = core::read_file(options_.proc + "/self/mountinfo", std::size_t{64} << 20);
  if (!text) return;
  for (const MountedNamespace& mount : mounted_namespaces(*text)) add_mount(mount.inode, mount.path);
}

void Search::look_at_descriptors(pid_t pid) {
  const std::string path = options_.proc + "/" + std::to_string(pid) + "/fd";
  const Directory descriptors(::opendir(path.c_str()));
  if (!descriptors) return;
  while (const dirent* entry = ::readdir(descriptors.get())) {
    if (const auto inode = linked_namespace(::dirfd(descriptors.get()), entry->d_name)) add(*inode, path + "/" + entry->d_name);
  }
}

void Search::look_at(pid_t pid, int proc) {
  const std::string link = std::to_string(pid) + "/ns/net";
  const auto inode = linked_namespace(proc, link.c_str());
  if (!inode) {
    // One that ended within the call is refused too (Linux fs/proc/namespaces.c: proc_ns_readlink), and hides nothing.
    const bool is_refused = errno == EACCES || errno == EPERM;
    if (is_refused && ::faccessat(proc, std::to_string(pid).c_str(), F_OK, 0) == 0) ++found_.refused;
    return;
  }
  FoundNamespace& space = add(*inode, options_.proc + "/" + link);
  if (space.pid == 0) {
    space.pid = pid;
    const auto cgroup = core::read_file(options_.proc + "/" + std::to_string(pid) + "/cgroup", 16384);
    if (cgroup) space.container = container_in_cgroup(*cgroup);
  }
  if (options_.descriptors) look_at_descriptors(pid);
}

core::Status Search::look_at_processes() {
  const Directory proc(::opendir(options_.proc.c_str()));
  if (!proc) return core::fail(core::system_error("list the processes in " + options_.proc, errno));
  while (const dirent* entry = ::readdir(proc.get())) {
    if (const auto pid = number_in<pid_t>(entry->d_name)) look_at(*pid, ::dirfd(proc.get()));
  }
  return {};
}

// A list of mounts is not of one moment: one that has gone meanwhile may stand in it with the inode that another has by now.
void drop_gone_mounts(FoundNamespace& space) {
  std::vector<std::string> there;
  for (std::size_t i = 0; i < space.mounts; ++i) {
    if (leads_to(space.paths[i], space.inode)) there.push_back(space.paths[i]);
  }
  if (there.empty() || there.size() == space.mounts) return;
  space.paths.erase(space.paths.begin(), space.paths.begin() + static_cast<std::ptrdiff_t>(space.mounts));
  space.mounts = there.size();
  space.paths.insert(space.paths.begin(), there.begin(), there.end());
}

void name_by_mounts(FoundNamespace& space) {
  for (std::size_t i = 0; i < space.mounts; ++i) {
    const std::string name = space.paths[i].substr(space.paths[i].rfind('/') + 1);
    if (space.name.empty()) {
      space.name = name;
    } else if (space.name != name && std::ranges::find(space.aliases, name) == space.aliases.end()) {
      space.aliases.push_back(name);
    }
  }
}

FoundNamespaces Search::take() {
  for (auto& [inode, space] : found_.by_inode) {
    if (space.mounts > 1) drop_gone_mounts(space);
    name_by_mounts(space);
    if (space.name.empty()) space.name = space.container.id.empty() ? anonymous_name(inode) : space.container.id;
  }
  return std::move(found_);
}

/// A mount point as mountinfo writes it, where a space is `\040`.
std::string unescaped(std::string_view text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) && octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

std::optional<std::uint64_t> namespace_inode(std::string_view link) {
  constexpr std::string_view kPrefix = "net:[";
  if (!link.starts_with(kPrefix) || !link.ends_with(']')) return std::nullopt;
  return number_in<std::uint64_t>(link.substr(kPrefix.size(), link.size() - kPrefix.size() - 1));
}

std::vector<MountedNamespace> mounted_namespaces(std::string_view mountinfo) {
  constexpr std::size_t kRoot = 3;  // fields: id, parent, device, root, mount point (proc_pid_mountinfo(5))
  std::vector<MountedNamespace> mounts;
  for (std::size_t begin = 0; begin < mountinfo.size();) {
    const std::size_t end = std::min(mountinfo.find('\n', begin), mountinfo.size());
    std::string_view line = mountinfo.substr(begin, end - begin);
    begin = end + 1;
    std::array<std::string_view, kRoot + 2> fields;
    for (std::string_view& field : fields) {
      field = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(field.size() + 1, line.size()));
    }
    if (const auto inode = namespace_inode(fields[kRoot])) mounts.push_back({*inode, unescaped(fields[kRoot + 1])});
  }
  return mounts;
}

core::Result<FoundNamespaces> find_namespaces(const DiscoveryOptions& options) {
  Search search(options);
  for (const std::string& folder : options.folders) search.look_into_folder(folder);
  search.look_at_mounts();
  if (auto looked = search.look_at_processes(); !looked) return core::fail(looked.error());
  return search.take();
}

}  // namespace uncork::probe
