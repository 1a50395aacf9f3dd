#include "cli/verb.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "cli/output.hpp"
#include "core/duration.hpp"

namespace uncork::cli {
namespace {

template <typename T, typename Parse>
CLI::Option* add_parsed(CLI::App& verb, const std::string& name, T& into, const std::string& help, const Parse& parse) {
  auto* option = verb.add_option_function<std::string>(
      name,
      [&into, name, parse](const std::string& text) {
        const auto value = parse(text);
        if (!value) throw CLI::ValidationError(value.error().message);
        into = *value;
      },
      help);
  option->type_name("");
  return option;
}

}  // namespace

CLI::Option* add_duration(CLI::App& verb, const std::string& name, core::Micros& into, const std::string& help) {
  return add_parsed(verb, name, into, help, [name](const std::string& text) { return core::parse_duration(name, text); });
}

CLI::Option* add_endpoint(CLI::App& verb, const std::string& name, core::Endpoint& into, const std::string& help) {
  return add_parsed(verb, name, into, help, [name](const std::string& text) {
    auto endpoint = core::parse_endpoint(text);
    if (!endpoint) endpoint.error().message.insert(0, name + ": ");
    return endpoint;
  });
}

Exit report_error(const core::Error& error) {
  say("uncork: {}\n", error.message);
  switch (error.code) {
    case core::ErrorCode::invalid_argument:
      return Exit::usage;
    case core::ErrorCode::internal:
      return Exit::internal;
    case core::ErrorCode::not_permitted:
    case core::ErrorCode::not_supported:
    case core::ErrorCode::not_found:
    case core::ErrorCode::refused:
    case core::ErrorCode::system:
      return Exit::not_possible;
  }
  return Exit::internal;
}

bool wants_color(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if (no_color != nullptr && *no_color != '\0') return false;
  return ::isatty(fd) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

int terminal_width(int fd) {
  winsize size{};
  if (::isatty(fd) != 1 || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col == 0 ? 80 : size.ws_col;
}

}  // namespace uncork::cli
