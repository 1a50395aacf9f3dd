#include "probe/enrich/container_names.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace uncork::probe {

std::vector<ContainerName> container_names(const NameSources& sources, core::Time deadline, std::string* why) {
  std::vector<ContainerName> names;
  if (!sources.kubelet_logs.empty()) names = read_kubelet_logs(sources.kubelet_logs);
  if (sources.docker_socket.empty()) return names;
  auto docker = ask_docker(sources.docker_socket, deadline);
  if (!docker) {
    if (why != nullptr) *why = docker.error().message;
    return names;
  }
  // Docker under a kubelet has both; the pod's name says more.
  for (ContainerName& name : *docker) {
    const auto known = std::ranges::find(names, name.id, &ContainerName::id);
    if (known == names.end()) {
      names.push_back(std::move(name));
    } else {
      known->image = std::move(name.image);
    }
  }
  return names;
}

std::string ContainerNamer::name_of(const std::string& id) {
  constexpr core::Micros kPatience = std::chrono::seconds(1);
  constexpr core::Micros kRest = std::chrono::seconds(1);
  constexpr core::Micros kRemembered = std::chrono::seconds(30);
  constexpr std::size_t kShortId = 12;
  constexpr std::size_t kMostUnknown = 1000;  // where nobody names what comes and goes
  if (id.empty()) return "";
  const auto find = [&] { return std::ranges::find(names_, id, &ContainerName::id); };
  const core::Time now = core::MonotonicClock::now();
  const bool is_new = find() == names_.end() && std::ranges::find(unknown_, id) == unknown_.end();
  if ((is_new && now > asked_ + kRest) || now > asked_ + kRemembered) {  // it may have been renamed
    if (!is_new || unknown_.size() == kMostUnknown) unknown_.clear();
    names_ = container_names(sources_, now + kPatience);
    asked_ = now;
    if (find() == names_.end()) unknown_.push_back(id);
  }
  const auto known = find();
  return known == names_.end() ? id.substr(0, kShortId) : known->name;
}

}  // namespace uncork::probe
