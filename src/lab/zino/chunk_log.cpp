#include "lab/zino/chunk_log.hpp"

#include <fmt/format.h>

#include <charconv>

namespace uncork::lab {

core::Result<std::vector<unsigned>> server_chunks(std::string_view log) {
  std::vector<unsigned> chunks;
  for (std::size_t number = 1; !log.empty(); ++number) {
    const std::size_t end = std::min(log.find('\n'), log.size());
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(std::min(end + 1, log.size()));
    const bool from_server = line.starts_with("s2c\t");
    unsigned bytes = 0;
    const auto [rest, failed] =
        std::from_chars(line.data() + std::min<std::size_t>(4, line.size()), line.data() + line.size(), bytes);
    const bool whole = failed == std::errc() && rest != line.data() + line.size() && *rest == '\t';
    if (!whole || (!from_server && !line.starts_with("c2s\t"))) {
      return core::fail(core::invalid_argument(fmt::format("line {} of the relay's log: not a chunk", number)));
    }
    if (from_server) chunks.push_back(bytes);
  }
  return chunks;
}

}  // namespace uncork::lab
