#include "zino/protocol/reply_line.hpp"

#include <cstddef>

namespace uncork::zino {

std::optional<ReplyStart> reply_start(std::string_view line) {
  if (line.size() < 3 || line[0] < '1' || line[0] > '9') return std::nullopt;
  int code = 0;
  for (const char digit : line.substr(0, 3)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    code = 10 * code + (digit - '0');
  }
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return std::nullopt;
  return ReplyStart{code, line.size() > 3 && line[3] == '-'};
}

}  // namespace uncork::zino
