#include "probe/namespaces/container.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace uncork::probe {
namespace {

constexpr std::size_t kIdDigits = 64;

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// Where 64 digits, no more and no fewer, begin in `text`.
std::size_t find_id(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text.substr(at), is_hex) - text.begin()) - at;
    if (digits == kIdDigits) return at;
    at += digits + 1;
  }
  return std::string_view::npos;
}

std::string runtime_of(std::string_view path, std::string_view prefix) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kPrefixes = {
      {{"docker-", "docker"}, {"cri-containerd-", "containerd"}, {"crio-", "cri-o"}, {"libpod-", "podman"}}};
  for (const auto& [begin, runtime] : kPrefixes) {
    if (prefix == begin) return std::string(runtime);
  }
  if (path.find("/docker/") != std::string_view::npos) return "docker";
  return {};
}

}  // namespace

Container container_in_cgroup(std::string_view cgroup) {
  Container found;
  for (std::size_t begin = 0; begin < cgroup.size();) {
    const std::size_t end = std::min(cgroup.find_first_of("/\n", begin), cgroup.size());
    const std::string_view component = cgroup.substr(begin, end - begin);
    const std::size_t id = find_id(component);
    if (id != std::string_view::npos) {
      found.id = component.substr(id, kIdDigits);
      found.runtime = runtime_of(cgroup.substr(0, begin), component.substr(0, id));
    }
    begin = end + 1;
  }
  return found;
}

}  // namespace uncork::probe
