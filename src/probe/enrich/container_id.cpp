#include "probe/enrich/container_id.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace uncork::probe {
namespace {

constexpr std::size_t kIdDigits = 64;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_id(std::string_view text) { return text.size() == kIdDigits && std::ranges::all_of(text, is_hex); }

/// What is left without a prefix and a suffix that are both there.
std::optional<std::string_view> between(std::string_view text, std::string_view prefix, std::string_view suffix) {
  if (text.size() <= prefix.size() + suffix.size() || !text.starts_with(prefix) || !text.ends_with(suffix)) return std::nullopt;
  return text.substr(prefix.size(), text.size() - prefix.size() - suffix.size());
}

/// systemd's escapes in unit names (systemd.unit(5)): `\x2d` is a minus sign.
std::string unescaped(std::string_view name) {
  std::string plain;
  for (std::size_t at = 0; at < name.size(); ++at) {
    unsigned value = 0;
    const std::string_view digits = name.substr(std::min(at + 2, name.size()), 2);
    const bool escape = name.substr(at).starts_with("\\x") && digits.size() == 2;
    if (escape && std::from_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr == digits.data() + digits.size()) {
      plain += static_cast<char>(value);
      at += 3;
    } else {
      plain += name[at];
    }
  }
  return plain;
}

/// `<prefix><id>.scope` of systemd's cgroup driver.
struct Scope {
  std::string_view prefix;
  std::string_view runtime;
};
constexpr Scope kScopes[] = {{"docker-", "docker"},
                             {"cri-containerd-", "containerd"},
                             {"containerd-", "containerd"},
                             {"nerdctl-", "containerd"},
                             {"crio-", "cri-o"},
                             {"libpod-", "podman"}};

/// `<parent>/<id>` of the cgroupfs driver.
struct Parent {
  std::string_view name;
  std::string_view runtime;
};
constexpr Parent kParents[] = {{"docker", "docker"},
                               {"ecs", "docker"},
                               {"libpod_parent", "podman"},
                               {"kubepods", "kubernetes"},
                               {"containerd", "containerd"}};

std::string_view runtime_above(const std::vector<std::string_view>& parts, std::size_t end) {
  for (std::size_t at = end; at-- > 0;) {
    for (const Parent& parent : kParents) {
      if (parts[at] == parent.name || between(parts[at], parent.name, ".slice") || parts[at].starts_with("kubepods")) {
        return parts[at].starts_with("kubepods") ? "kubernetes" : parent.runtime;
      }
    }
  }
  return {};
}

/// A container whose cgroup is this part.
std::optional<Container> container_at(const std::vector<std::string_view>& parts, std::size_t at) {
  const std::string_view part = parts[at];
  for (const Scope& scope : kScopes) {
    auto id = between(part, scope.prefix, ".scope");
    if (!id && part.starts_with(scope.prefix)) id = part.substr(scope.prefix.size());  // libpod-<id> of cgroupfs
    if (id && is_id(*id)) return Container{std::string(*id), std::string(scope.runtime), {}};
  }
  if (is_id(part)) return Container{std::string(part), std::string(runtime_above(parts, at)), {}};
  // containerd's own form of systemd's: <slice>:cri-containerd:<id>
  if (const auto colon = part.rfind(':'); colon != std::string_view::npos && is_id(part.substr(colon + 1))) {
    const bool containerd = part.find("containerd") != std::string_view::npos;
    return Container{std::string(part.substr(colon + 1)), containerd ? "containerd" : "", {}};
  }
  if (const auto name = between(part, "systemd-nspawn@", ".service")) return Container{unescaped(*name), "systemd-nspawn", {}};
  const bool under_machine = at > 0 && parts[at - 1] == "machine.slice";
  if (const auto name = between(part, "machine-", ".scope"); name && under_machine && !name->starts_with("qemu")) {
    return Container{unescaped(*name), "systemd-nspawn", {}};
  }
  if (const auto name = between(part, "lxc.payload.", "")) return Container{std::string(*name), "lxc", {}};
  if (at > 0 && (parts[at - 1] == "lxc" || parts[at - 1] == "lxc.payload") && !part.empty()) {
    return Container{std::string(part), "lxc", {}};
  }
  return std::nullopt;
}

/// `pod<uid>` or `kubepods-burstable-pod<uid, with underscores>.slice`.
std::optional<std::string> pod_at(std::string_view part) {
  constexpr std::size_t kUid = 36;
  if (part.ends_with(".slice")) part.remove_suffix(6);
  const auto pod = part.rfind("pod");
  if (pod == std::string_view::npos || part.size() - pod - 3 != kUid) return std::nullopt;
  if (pod != 0 && part[pod - 1] != '-') return std::nullopt;
  std::string uid(part.substr(pod + 3));
  std::ranges::replace(uid, '_', '-');
  for (std::size_t at = 0; at < uid.size(); ++at) {
    const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
    if (dash ? uid[at] != '-' : !is_hex(uid[at])) return std::nullopt;
  }
  return uid;
}

std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    if (slash != 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

}  // namespace

Container container_of(std::string_view cgroup_path) {
  const auto parts = parts_of(cgroup_path);
  for (std::size_t at = parts.size(); at-- > 0;) {
    auto found = container_at(parts, at);
    if (!found) continue;
    for (std::size_t above = at; above-- > 0 && found->pod_uid.empty();) found->pod_uid = pod_at(parts[above]).value_or("");
    return std::move(*found);
  }
  return {};
}

Container container_in_cgroup(std::string_view cgroup) {
  while (!cgroup.empty()) {
    const auto end = std::min(cgroup.find('\n'), cgroup.size());
    const std::string_view line = cgroup.substr(0, end);  // hierarchy:controllers:path
    const auto controllers = line.find(':');
    const auto path = controllers == std::string_view::npos ? controllers : line.find(':', controllers + 1);
    if (path != std::string_view::npos) {
      if (Container found = container_of(line.substr(path + 1)); !found.id.empty()) return found;
    }
    cgroup.remove_prefix(std::min(end + 1, cgroup.size()));
  }
  return {};
}

}  // namespace uncork::probe
