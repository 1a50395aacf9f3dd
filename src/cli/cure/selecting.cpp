#include "cli/cure/selecting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "probe/enrich/container_id.hpp"
#include "probe/enrich/container_names.hpp"

namespace uncork::cli {
namespace {

constexpr std::size_t kShortId = 12;  // as `docker ps` prints them
constexpr core::Micros kPatience{2'000'000};

bool could_be_id(std::string_view text) {
  return text.size() >= kShortId &&
         std::ranges::all_of(text, [](char c) { return std::string_view("0123456789abcdef").contains(c); });
}

/// The id behind a name, if anybody knows one; else the word itself, which may be an id, or a name where the runtime has names
/// only (lxc, systemd-nspawn).
std::string container_id_of(const CureArguments& arguments) {
  if (could_be_id(arguments.container)) return arguments.container;
  const auto known = probe::container_names({.docker_socket = arguments.docker}, core::MonotonicClock::now() + kPatience);
  const auto named = std::ranges::find(known, arguments.container, &probe::ContainerName::name);
  return named == known.end() ? arguments.container : named->id;
}

cure::GroupRule in_container(const CureArguments& arguments) {
  const std::string id = container_id_of(arguments);
  const auto matches = [id, prefix = could_be_id(id)](std::string_view cgroup) {
    const std::string at = probe::container_in_cgroup(cgroup).id;
    return !at.empty() && (at == id || (prefix && at.starts_with(id)));
  };
  const auto name_of = [](std::string_view cgroup) {
    const std::string at = probe::container_in_cgroup(cgroup).id;
    return could_be_id(at) ? at.substr(0, kShortId) : at;
  };
  return {"container", arguments.container, matches, name_of};
}

}  // namespace

core::Result<cure::Selector> selector_of(const CureArguments& arguments) {
  const int ways = (arguments.pids.empty() ? 0 : 1) + (arguments.command.empty() ? 0 : 1) + (arguments.cgroup.empty() ? 0 : 1) +
                   (arguments.container.empty() ? 0 : 1);
  if (ways > 1) return core::fail(core::invalid_argument("cure: give one of --pid, --comm, --cgroup and --container"));
  if (ways == 0 && !arguments.port) {
    return core::fail(core::invalid_argument("cure: whom? Give --pid, --comm, --port, --cgroup or --container"));
  }
  using By = cure::Selector::By;
  cure::Selector selector;
  selector.tree = arguments.tree;
  selector.pids.assign(arguments.pids.begin(), arguments.pids.end());
  selector.command = arguments.command;
  if (!arguments.pids.empty()) {
    selector.by = By::pid;
  } else if (!arguments.command.empty()) {
    selector.by = By::command;
  } else if (!arguments.cgroup.empty()) {
    selector.by = By::group;
    selector.group = cure::in_cgroup(arguments.cgroup);
  } else if (!arguments.container.empty()) {
    selector.by = By::group;
    selector.group = in_container(arguments);
  } else {
    selector.by = By::port;
    selector.port = *arguments.port;
  }
  return selector;
}

std::string words_of(const CureArguments& arguments) {
  std::string words;
  const auto add = [&words](std::string_view option, const std::string& value) {
    words += fmt::format("{}{} {}", words.empty() ? "" : " ", option, value);
  };
  std::string pids;
  for (const std::int32_t pid : arguments.pids) pids += (pids.empty() ? "" : ",") + std::to_string(pid);
  if (!pids.empty()) add("--pid", pids);
  if (!arguments.command.empty()) add("--comm", "'" + arguments.command + "'");
  if (!arguments.cgroup.empty()) add("--cgroup", "'" + arguments.cgroup + "'");
  if (!arguments.container.empty()) add("--container", arguments.container);
  if (arguments.port) add("--port", std::to_string(*arguments.port));
  return words + (arguments.tree ? " --tree" : "") + (arguments.quickack ? " --quickack" : "");
}

}  // namespace uncork::cli
