#include "sink/store/by_container.hpp"

#include <map>
#include <string>
#include <utility>

namespace uncork::sink {

std::vector<SummedService> by_container(const std::vector<SummedService>& services) {
  std::map<std::string, SummedService> groups;
  for (const SummedService& service : services) {
    const std::string group = service.who.container.empty() ? "(no container)" : service.who.container;
    SummedService& sum = groups[group];
    sum.who.key.command = group;
    sum.who.container = service.who.container;
    sum.sums += service.sums;
    sum.lost_early += service.lost_early;
  }
  std::vector<SummedService> lines;
  for (auto& [name, sum] : groups) lines.push_back(std::move(sum));
  return lines;
}

}  // namespace uncork::sink
