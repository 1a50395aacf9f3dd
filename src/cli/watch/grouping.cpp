#include "cli/watch/grouping.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "cli/watch/process_cgroup.hpp"
#include "probe/enrich/container_id.hpp"

namespace uncork::cli {
namespace {

using probe::ConnectionRow;
using stall::ServiceKey;

std::string cgroup_of(std::int32_t pid) {
  const std::string path = cgroup_path_in(cgroup_text(pid));
  return path.empty() ? "(not known)" : path;
}

std::string container_of(std::int32_t pid, probe::ContainerNamer& namer) {
  const std::string text = cgroup_text(pid);
  if (text.empty()) return "(not known)";
  const std::string name = namer.name_of(probe::container_in_cgroup(text).id);
  return name.empty() ? "(none)" : name;
}

ServiceKey named(std::string name, std::string netns = "") {
  ServiceKey key;
  key.command = std::move(name);
  key.netns = std::move(netns);
  return key;
}

ServiceKey process_key(const ConnectionRow& row) {
  const stall::Process& process = row.where.process;
  return named(process.pid == 0 && process.command.empty() ? "?" : fmt::format("{}[{}]", process.command, process.pid));
}

ServiceKey peer_key(const ConnectionRow& row) {
  core::Endpoint peer = row.where.remote;
  peer.port = 0;
  const std::string text = core::to_string(peer);
  return named(text.substr(0, text.rfind(':')), row.where.netns);
}

ServiceKey cgroup_key(const ConnectionRow& row) { return named(cgroup_of(row.where.process.pid)); }

}  // namespace

probe::ConnectionGroups::KeyOf grouping(WatchBy by, probe::ContainerNamer& namer) {
  switch (by) {
    case WatchBy::process:
      return process_key;
    case WatchBy::peer:
      return peer_key;
    case WatchBy::container:
      return [&namer](const ConnectionRow& row) { return named(container_of(row.where.process.pid, namer)); };
    case WatchBy::cgroup:
      return cgroup_key;
    case WatchBy::service:
    case WatchBy::connection:
      break;
  }
  return probe::service_key_of;
}

}  // namespace uncork::cli
