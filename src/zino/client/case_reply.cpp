#include "zino/client/case_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "zino/client/expected_reply.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

/// `1750000000 text`, also without a text.
std::optional<Entry> begin_entry(std::string_view line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view digits = line.substr(0, end);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  const auto at = to_int64(digits);
  if (!at) return std::nullopt;
  return Entry{*at, std::string(line.substr(std::min(end + 1, line.size())))};
}

core::Error unreadable(std::string_view command, const std::string& line, std::string_view what) {
  return {core::ErrorCode::refused, 0,
          fmt::format("{} was answered with the line {}, which is not {}", command, quoted_answer(line), what)};
}

}  // namespace

core::Result<std::vector<CaseId>> listed_ids(std::string_view command, const Reply& reply) {
  if (const auto good = check_reply(command, reply); !good) return core::fail(good.error());
  std::vector<CaseId> ids;
  for (const std::string& line : reply.lines) {
    const auto id = line.find_first_not_of("0123456789") == std::string::npos ? to_int64(line) : std::nullopt;
    if (!id) return core::fail(unreadable(command, line, "an id"));
    ids.push_back(*id);
  }
  return ids;
}

core::Result<Attributes> attributes_of(const Reply& reply, CaseId id) {
  const std::string command = fmt::format("GETATTRS {}", id);
  if (const auto good = check_reply(command, reply); !good) return core::fail(good.error());
  Attributes attributes;
  for (const std::string& line : reply.lines) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return core::fail(unreadable(command, line, "an attribute"));
    const std::size_t value = colon + (line.compare(colon, 2, ": ") == 0 ? 2 : 1);
    attributes.emplace_back(line.substr(0, colon), line.substr(value));
  }
  const std::string whose = value_of(attributes, "id");
  if (to_int64(whose) == id) return attributes;
  return core::fail(misanswered(command, whose.empty() ? "without an id" : "id: " + whose));
}

std::string value_of(const Attributes& attributes, std::string_view name) {
  const auto found = std::ranges::find(attributes, name, &Attributes::value_type::first);
  return found == attributes.end() ? "" : found->second;
}

core::Result<std::vector<Entry>> entries_of(std::string_view command, const Reply& reply) {
  if (const auto good = check_reply(command, reply); !good) return core::fail(good.error());
  std::vector<Entry> entries;
  for (const std::string& line : reply.lines) {
    if (auto entry = begin_entry(line)) {
      entries.push_back(std::move(*entry));
    } else if (!entries.empty() && line.starts_with(' ')) {
      entries.back().text += "\n" + line.substr(1);
    } else {
      return core::fail(unreadable(command, line, "an entry"));
    }
  }
  return entries;
}

std::string case_summary(const Attributes& attributes) {
  const auto get = [&](std::string_view name) { return value_of(attributes, name); };
  const std::string type = get("type");
  if (type == "portstate") {
    const std::string state = get("flapstate") == "flapping" ? "flapping" : get("portstate");
    const std::string descr = get("descr");
    return fmt::format("{} {}{}", get("port"), state, descr.empty() ? "" : " (" + descr + ")");
  }
  if (type == "bgp") return fmt::format("peer {} AS {} {}", get("remote-addr"), get("remote-AS"), get("bgpOS"));
  if (type == "bfd") return fmt::format("bfd {} {}", get("bfdAddr"), get("bfdState"));
  if (type == "reachability") return get("reachability");
  if (type == "alarm") return fmt::format("{} alarms: {}", get("alarm-type"), get("alarm-count"));
  return get("lastevent");
}

}  // namespace uncork::zino
