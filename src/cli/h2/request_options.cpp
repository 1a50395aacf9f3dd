#include "cli/h2/request_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "core/syscall.hpp"

namespace uncork::cli {
namespace {

constexpr std::size_t kMostPosted = std::size_t{256} * 1024 * 1024;

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

void add_request_options(const Verb& verb, RequestArguments& into) {
  verb.add_option("--method", into.method, "Ask with this method (default GET, or POST with a body)").type_name("METHOD");
  const Option post = verb.add_option("--post", into.post, "Send this text with each request").type_name("TEXT");
  verb.add_option("--post-file", into.post_file, "Send this file with each request").type_name("FILE").excludes(post);
  const auto read = [&headers = into.request.headers](const std::string& text) -> core::Status {
    auto header = parse_header(text);
    if (!header) return core::fail(header.error());
    headers.push_back(std::move(*header));
    return {};
  };
  verb.add_read("--header", read, "Send this field too; may be repeated").type_name("NAME:VALUE").one_at_a_time();
}

core::Status read_request(RequestArguments& arguments) {
  arguments.request.body = arguments.post;
  if (!arguments.post_file.empty()) {
    auto body = core::read_file(arguments.post_file.string(), kMostPosted + 1);
    if (!body) return core::fail(body.error());
    if (body->size() > kMostPosted) {
      return core::fail(core::invalid_argument(fmt::format("--post-file {}: larger than {} MiB, which is kept in memory",
                                                           arguments.post_file.string(), kMostPosted / (1024 * 1024))));
    }
    arguments.request.body = std::move(*body);
  }
  const bool posts = !arguments.post.empty() || !arguments.post_file.empty();
  arguments.request.method = !arguments.method.empty() ? arguments.method : posts ? "POST" : "GET";
  return {};
}

}  // namespace uncork::cli
