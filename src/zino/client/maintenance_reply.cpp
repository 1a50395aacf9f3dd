#include "zino/client/maintenance_reply.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "zino/client/expected_reply.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

bool take_number(std::string_view& text, std::int64_t& number) {
  const auto read = to_int64(take_word(text));
  number = read.value_or(0);
  return read.has_value();
}

}  // namespace

std::optional<Maintenance> maintenance_of(std::string_view text) {
  Maintenance found;
  if (!take_number(text, found.id) || !take_number(text, found.from) || !take_number(text, found.to)) return std::nullopt;
  found.type = take_word(text);
  found.match_type = take_word(text);
  if (found.match_type == "intf-regexp") found.device = take_word(text);
  found.expression = text;
  return found.expression.empty() ? std::nullopt : std::optional(std::move(found));
}

core::Result<Maintenance> maintenance_of(const Reply& reply, std::int64_t id) {
  const std::string command = fmt::format("PM DETAILS {}", id);
  if (const auto good = check_reply(command, reply); !good) return core::fail(good.error());
  auto found = maintenance_of(reply.text);
  if (!found || found->id != id) return core::fail(misanswered(command, fmt::format("{} {}", reply.code, reply.text)));
  return std::move(*found);
}

core::Result<std::vector<std::string>> matching_of(const Reply& reply, std::int64_t id) {
  const std::string command = fmt::format("PM MATCHING {}", id);
  if (const auto good = check_reply(command, reply); !good) return core::fail(good.error());
  for (const std::string& line : reply.lines) {
    std::string_view rest = line;
    const bool ours = to_int64(take_word(rest)) == id;
    const std::string_view what = take_word(rest);
    if (!ours || (what != "device" && what != "portstate") || rest.empty()) return core::fail(misanswered(command, line));
  }
  return reply.lines;
}

core::Result<std::int64_t> added_maintenance(const Reply& reply) {
  if (const auto good = check_reply("PM ADD", reply); !good) return core::fail(good.error());
  std::string_view text = reply.text;
  const bool begins = take_word(text) == "PM" && take_word(text) == "id";
  const auto id = to_int64(take_word(text));
  if (!begins || !id || text != "successfully added") return core::fail(misanswered("PM ADD", "200 " + reply.text));
  return *id;
}

}  // namespace uncork::zino
