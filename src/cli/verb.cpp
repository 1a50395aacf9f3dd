#include "cli/verb.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "cli/output.hpp"
#include "core/duration.hpp"

namespace uncork::cli {
namespace {

constexpr std::int32_t kLargestPid = 1 << 22;  // PID_MAX_LIMIT, linux/threads.h

auto duration_parser(Zero zero) {
  return [zero](const std::string& argument, const std::string& text) -> core::Result<core::Micros> {
    auto duration = core::parse_duration(argument, text);
    if (duration && duration->count() == 0 && zero == Zero::refused) {
      return core::fail(
          core::invalid_argument(argument + " '" + text.substr(0, 40) + "': give a time longer than 0, such as 250ms or 10s"));
    }
    return duration;
  };
}

/// The whole of `text` as a T.
template <typename T>
std::optional<T> read_whole(std::string_view text) {
  T value{};
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value);
  return err == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

core::Error not_between(std::string_view argument, std::string_view text, std::string_view what, const std::string& least,
                        const std::string& most) {
  return core::invalid_argument(
      fmt::format("{} '{}': {} a number from {} to {}", argument, text.substr(0, 40), what, least, most));
}

}  // namespace

core::Result<std::uint64_t> parse_count(std::string_view argument, std::string_view text, std::uint64_t least,
                                        std::uint64_t most) {
  const auto value = read_whole<std::uint64_t>(text);
  if (!value || *value < least || *value > most) {
    return core::fail(not_between(argument, text, "must be", std::to_string(least), std::to_string(most)));
  }
  return *value;
}

core::Result<double> parse_real(std::string_view argument, std::string_view text, double least, double most) {
  const auto value = read_whole<double>(text);
  if (!value || !(*value >= least && *value <= most)) {
    return core::fail(not_between(argument, text, "must be", fmt::format("{:g}", least), fmt::format("{:g}", most)));
  }
  return *value;
}

Option add_duration(const Verb& verb, const std::string& name, core::Micros& into, const std::string& help, Zero zero) {
  return add_parsed(verb, name, into, "TIME", help, duration_parser(zero));
}

Option add_duration(const Verb& verb, const std::string& name, std::optional<core::Micros>& into, const std::string& help,
                    Zero zero) {
  return add_parsed(verb, name, into, "TIME", help, duration_parser(zero));
}

Option add_endpoint(const Verb& verb, const std::string& name, core::Endpoint& into, const std::string& help) {
  return add_parsed(verb, name, into, "ADDRESS", help, [](const std::string& argument, const std::string& text) {
    auto endpoint = core::parse_endpoint(text);
    if (!endpoint) endpoint.error().message.insert(0, argument + ": ");
    return endpoint;
  });
}

core::Result<std::int32_t> parse_pid(const std::string& argument, const std::string& text) {
  const auto pid = read_whole<std::int32_t>(text);
  if (pid && *pid >= 1 && *pid <= kLargestPid) return *pid;
  return core::fail(not_between(argument, text, "a process id is", "1", std::to_string(kLargestPid)));
}

Option add_pid(const Verb& verb, const std::string& name, std::int32_t& into, const std::string& help) {
  return add_parsed(verb, name, into, "PID", help, parse_pid);
}

Option add_port(const Verb& verb, const std::string& name, std::uint16_t& into, const std::string& help, Zero zero) {
  const auto parse = [zero](const std::string& argument, const std::string& text) {
    return core::parse_port(argument, text, zero == Zero::allowed);
  };
  return add_parsed(verb, name, into, "PORT", help, parse).default_str(std::to_string(into));
}

Option add_port(const Verb& verb, const std::string& name, std::optional<std::uint16_t>& into, const std::string& help) {
  const auto parse = [](const std::string& argument, const std::string& text) { return core::parse_port(argument, text); };
  return add_parsed(verb, name, into, "PORT", help, parse);
}

Option add_real(const Verb& verb, const std::string& name, double& into, double least, double most, const std::string& type,
                const std::string& help) {
  const auto parse = [least, most](const std::string& argument, const std::string& text) {
    return parse_real(argument, text, least, most);
  };
  return add_parsed(verb, name, into, type, help, parse).default_str(fmt::format("{:g}", into));
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

int terminal_height(int fd) {
  winsize size{};
  if (::isatty(fd) != 1 || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_row == 0 ? 24 : size.ws_row;
}

int terminal_width(int fd) {
  winsize size{};
  if (::isatty(fd) != 1 || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col == 0 ? 80 : size.ws_col;
}

}  // namespace uncork::cli
