#include "zino/client/credentials.hpp"

#include <fmt/format.h>

#include <optional>

#include "zino/protocol/secrets.hpp"
#include "zino/protocol/text.hpp"

namespace uncork::zino {
namespace {

/// One line `set NAME VALUE` or `set NAME(PROFILE) VALUE`.
struct Setting {
  std::string_view name;
  std::string_view profile = "default";
  std::string value;
};

std::string unquoted(std::string_view value) {
  const bool quoted =
      value.size() >= 2 && ((value.front() == '"' && value.back() == '"') || (value.front() == '{' && value.back() == '}'));
  const bool braced = quoted && value.front() == '{';
  if (quoted) value = value.substr(1, value.size() - 2);
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && !braced && i + 1 < value.size()) ++i;
    text += value[i];
  }
  return text;
}

std::optional<Setting> parse_setting(std::string_view line) {
  line = strip(line);
  if (!line.starts_with("set ")) return std::nullopt;
  line = strip_left(line.substr(4));
  if (line.starts_with('_')) line.remove_prefix(1);
  const std::size_t name_end = line.find_first_of(" \t(");
  if (name_end == std::string_view::npos) return std::nullopt;
  Setting setting;
  setting.name = line.substr(0, name_end);
  line.remove_prefix(name_end);
  if (line.starts_with('(')) {
    const std::size_t end = line.find(')');
    if (end == std::string_view::npos) return std::nullopt;
    setting.profile = line.substr(1, end - 1);
    line.remove_prefix(end + 1);
  }
  setting.value = unquoted(strip(line));
  return setting;
}

}  // namespace

Credentials parse_ritz_tcl(std::string_view text, std::string_view profile) {
  Credentials found;
  for (const std::string_view line : split_lines(text)) {
    const auto setting = parse_setting(line);
    if (!setting || setting->profile != profile) continue;
    if (equal_ignoring_case(setting->name, "secret")) found.secret = setting->value;
    if (equal_ignoring_case(setting->name, "user")) found.user = setting->value;
    if (equal_ignoring_case(setting->name, "server")) found.server = setting->value;
    if (equal_ignoring_case(setting->name, "port")) found.port = setting->value;
  }
  return found;
}

core::Result<Credentials> from_secrets(std::string_view text, const std::string& user) {
  const Secrets secrets = Secrets::parse(text);
  const std::string* secret = secrets.find(user);
  if (secret == nullptr) return core::fail(core::invalid_argument(fmt::format("has no user '{}'", user)));
  return Credentials{.server = {}, .port = {}, .user = user, .secret = *secret};
}

}  // namespace uncork::zino
