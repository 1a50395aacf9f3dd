#include "zino/client/maintenance_reply.hpp"

#include <algorithm>

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

}  // namespace uncork::zino
