#include "http2/session/priority.hpp"

namespace uncork::http2 {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Priority priority_of(std::string_view value) noexcept {
  Priority found;
  while (!value.empty()) {
    const auto comma = value.find(',');
    std::string_view member = trimmed(value.substr(0, comma));
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    member = trimmed(member.substr(0, member.find(';')));  // parameters mean nothing here
    if (member.size() == 3 && member.starts_with("u=") && member[2] >= '0' && member[2] < '0' + kUrgencies) {
      found.urgency = static_cast<std::uint8_t>(member[2] - '0');
    } else if (member == "i" || member == "i=?1") {
      found.incremental = true;
    } else if (member == "i=?0") {
      found.incremental = false;
    }
  }
  return found;
}

}  // namespace uncork::http2
