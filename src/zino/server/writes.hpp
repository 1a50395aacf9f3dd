#pragma once
// How a reply leaves: all at once, or as Zino 2 up to 2.5.0 wrote it.

#include <string_view>
#include <vector>

namespace uncork::zino {

enum class Writes {
  coalesced,  ///< a reply is one send
  per_line,   ///< a send for each line
};

/// The sends of one reply.
[[nodiscard]] inline std::vector<std::string_view> sends_of(std::string_view reply, Writes writes) {
  if (writes == Writes::coalesced) return {reply};
  std::vector<std::string_view> lines;
  while (!reply.empty()) {
    const std::size_t end = reply.find('\n') + 1;  // a reply ends with LF
    lines.push_back(reply.substr(0, end));
    reply.remove_prefix(end);
  }
  return lines;
}

}  // namespace uncork::zino
