#include "zino/client/expected_reply.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "zino/protocol/reply_line.hpp"

namespace uncork::zino {
namespace {

constexpr std::size_t kMostQuoted = 120;  // bytes

// Chapter 1.5 of the protocol's reference; every command of ours that is not here is answered 200.
constexpr std::array<std::pair<std::string_view, int>, 10> kCodes = {{
    {"CASEIDS", 304},
    {"GETATTRS ", 303},
    {"GETHIST ", 301},
    {"GETLOG ", 300},
    {"ADDHIST ", 302},
    {"PM LIST", 300},
    {"PM LOG ", 300},
    {"PM MATCHING ", 300},
    {"PM ADDLOG ", 302},
    {"QUIT", 205},
}};

int expected_code(std::string_view command) {
  const auto* found = std::ranges::find_if(kCodes, [&](const auto& one) { return command.starts_with(one.first); });
  return found == kCodes.end() ? 200 : found->second;
}

/// The words of a command that say what it does: its arguments may be secret, or long.
std::string_view name_of(std::string_view command) {
  const std::size_t first = std::min(command.find(' '), command.size());
  if (command.starts_with("USER ")) return command.substr(0, first);
  return command.substr(0, std::min<std::size_t>(command.size(), 40));
}

core::Status check_code(std::string_view command, const Reply& reply, int code) {
  if (reply.code == code && (is_list(code) || reply.lines.empty())) return {};
  if (reply.code != 500) return core::fail(misanswered(command, fmt::format("{} {}", reply.code, reply.text)));
  const bool own_fault = reply.text.starts_with("internal error") || reply.text.starts_with("not saved");
  return core::fail({own_fault ? core::ErrorCode::refused : core::ErrorCode::invalid_argument, 0,
                     fmt::format("{}: the server refuses: {}", name_of(command), quoted_answer(reply.text))});
}

}  // namespace

core::Status check_reply(std::string_view command, const Reply& reply) {
  return check_code(command, reply, expected_code(command));
}

core::Status check_body_reply(std::string_view command, const Reply& reply) { return check_code(command, reply, 200); }

bool is_gone(std::string_view command, const Reply& reply) {
  const std::string_view what = command.starts_with("PM ") ? "pm" : "event";
  const std::string_view id = command.substr(command.rfind(' ') + 1);
  return reply.code == 500 && reply.text == fmt::format("{} \"{}\" does not exist", what, id);
}

core::Error misanswered(std::string_view command, std::string_view reply) {
  return {core::ErrorCode::refused, 0,
          fmt::format("{} was answered {}, which does not answer it", name_of(command), quoted_answer(reply))};
}

std::string quoted_answer(std::string_view text) {
  std::size_t end = std::min(text.size(), kMostQuoted);
  while (end < text.size() && end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not within a character
  std::string shown = "'";
  for (const char c : text.substr(0, end)) shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  return shown + (end < text.size() ? "…'" : "'");
}

}  // namespace uncork::zino
