#include "cli/h2/header_option.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace uncork::cli {
namespace {

core::Result<std::pair<std::string, std::string>> parse_header(const std::string& text) {
  const std::size_t colon = text.find(':');
  std::string name = text.substr(0, colon);
  const auto is_token = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || std::string_view("!#$%&'*+-.^_`|~").contains(static_cast<char>(c));
  };
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (colon == std::string::npos || name.empty() || !std::ranges::all_of(name, is_token)) {
    return core::fail(core::invalid_argument(fmt::format("--header '{}': accepted: NAME:VALUE", text.substr(0, 80))));
  }
  static constexpr std::string_view kOfTheConnection[] = {"connection",        "host",   "keep-alive", "proxy-connection", "te",
                                                          "transfer-encoding", "upgrade"};
  if (std::ranges::find(kOfTheConnection, name) != std::end(kOfTheConnection)) {
    return core::fail(core::invalid_argument(fmt::format("--header '{}': HTTP/2 does not have it (RFC 9113 8.2.2)", name)));
  }
  std::string value = text.substr(colon + 1);
  value.erase(0, value.find_first_not_of(" \t"));
  value.erase(value.find_last_not_of(" \t") + 1);
  if (std::ranges::any_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; })) {
    return core::fail(core::invalid_argument(fmt::format("--header '{}': a value is of one line", name)));
  }
  return std::pair(std::move(name), std::move(value));
}

}  // namespace

void add_headers(const Verb& verb, std::vector<std::pair<std::string, std::string>>& into) {
  const auto read = [&into](const std::string& text) -> core::Status {
    auto header = parse_header(text);
    if (!header) return core::fail(header.error());
    into.push_back(std::move(*header));
    return {};
  };
  verb.add_read("--header", read, "Send this field too; may be repeated").type_name("NAME:VALUE").one_at_a_time();
}

}  // namespace uncork::cli
