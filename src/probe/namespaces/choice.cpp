#include "probe/namespaces/choice.hpp"

#include <unistd.h>
#include <array>
#include <cerrno>
#include <charconv>

#include <algorithm>

#include "probe/namespaces.hpp"

namespace uncork::probe {
namespace {

constexpr std::size_t kShortestId = 12;  // as docker shows them

core::Result<ChosenNamespaces> own() {
  const auto inode = own_namespace();
  if (!inode) return core::fail(inode.error());
  FoundNamespace space;
  space.inode = *inode;
  space.paths = {"/proc/thread-self/ns/net"};
  space.name = NamespaceNames().name_of(*inode);
  return ChosenNamespaces{{std::move(space)}, 0, {}};
}

core::Error not_found(const std::string& name, const FoundNamespaces& found) {
  std::string message = "network namespace '" + name + "': there is none of that name; there are:";
  for (const auto& [inode, space] : found.by_inode) message += " " + space.name;
  return {core::ErrorCode::not_found, ENOENT, message};
}

/// The namespace of the process, for `pid:4711`; 0: it is no such name, or there is no such process.
std::uint64_t inode_of_process(std::string_view name) {
  if (!name.starts_with("pid:")) return 0;
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data() + 4, name.data() + name.size(), pid);
  if (error != std::errc{} || end != name.data() + name.size() || pid <= 0) return 0;
  std::array<char, 64> target{};
  const ssize_t length = ::readlink(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), target.data(), target.size());
  return length <= 0 ? 0 : namespace_inode({target.data(), static_cast<std::size_t>(length)}).value_or(0);
}

}  // namespace

WhichNamespaces namespaces_called(std::vector<std::string> names) {
  using Kind = WhichNamespaces::Kind;
  if (names.empty()) return {::geteuid() == 0 ? Kind::all : Kind::own};
  if (names == std::vector<std::string>{"all"}) return {Kind::all};
  if (names == std::vector<std::string>{"own"}) return {Kind::own};
  return {Kind::named, std::move(names)};
}

bool is_called(const FoundNamespace& space, std::string_view name) {
  if (space.name == name || std::ranges::find(space.aliases, name) != space.aliases.end()) return true;
  if (anonymous_name(space.inode) == name) return true;
  return name.size() >= kShortestId && std::string_view(space.container.id).starts_with(name);
}

core::Result<ChosenNamespaces> choose_namespaces(const WhichNamespaces& which, Descriptors descriptors) {
  if (which.kind == WhichNamespaces::Kind::own) return own();
  DiscoveryOptions options;
  options.folders.insert(options.folders.end(), which.folders.begin(), which.folders.end());
  options.descriptors = descriptors == Descriptors::look_through;
  auto found = find_namespaces(options);
  if (!found) return core::fail(found.error());
  ChosenNamespaces chosen;
  chosen.refused = found->refused;
  if (which.kind == WhichNamespaces::Kind::all) {
    for (auto& [inode, space] : found->by_inode) chosen.spaces.push_back(std::move(space));
    return chosen;
  }
  for (const std::string& name : which.names) {
    const std::uint64_t of_process = inode_of_process(name);
    const auto one = std::ranges::find_if(
        found->by_inode, [&](const auto& entry) { return entry.first == of_process || is_called(entry.second, name); });
    if (one == found->by_inode.end()) {
      chosen.missing.push_back(not_found(name, *found));
      continue;
    }
    const auto same = [&](const FoundNamespace& space) { return space.inode == one->first; };
    if (std::ranges::none_of(chosen.spaces, same)) chosen.spaces.push_back(one->second);
  }
  return chosen;
}

}  // namespace uncork::probe
