#include "cli/why/target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "probe/diag/inet_diag.hpp"
#include "probe/processes.hpp"
#include "report/ticket_words.hpp"

namespace uncork::cli {
namespace {

constexpr std::size_t kLongestShown = 40;

/// A whole number from 1 on.
template <typename T>
std::optional<T> number_in(const std::string& text) {
  T number = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), number);
  return err == std::errc{} && end == text.data() + text.size() && number > 0 ? std::optional(number) : std::nullopt;
}

std::optional<std::uint16_t> port_in(const std::string& text) { return number_in<std::uint16_t>(text); }

bool is_number(const std::string& text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos; }

core::Error unusable(const std::string& word, const std::string& why) {
  return core::invalid_argument(fmt::format("'{}': {}", report::clipped(word, kLongestShown), why));
}

WhyTarget of_port(std::uint16_t port, const std::string& reading) {
  WhyTarget target;
  target.port = port;
  target.words = fmt::format("port {}{}", port, reading);
  return target;
}

core::Result<WhyTarget> read_number(const std::string& word, const WhyWorld& world) {
  const auto pid = number_in<std::int32_t>(word);
  if (pid && world.is_process(*pid)) {
    WhyTarget target;
    target.pid = *pid;
    target.words = fmt::format("process {} ({}) and what it starts", *pid, report::clipped(world.name_of(*pid), kLongestShown));
    return target;
  }
  const auto port = port_in(word);
  if (port && world.is_port_in_use(*port)) return of_port(*port, " (no process has that number)");
  return core::fail(
      unusable(word, "no process has that number, and no TCP socket here that port; ':8001' is a port in any case"));
}

bool is_in_use(std::uint16_t port) {
  auto diag = probe::InetDiag::open();
  probe::SocketList list;
  if (!diag || !diag->list({.connected = true, .listening = true, .port = {}}, list)) return false;
  return std::ranges::any_of(
      list.sockets, [port](const probe::DiagSocket& socket) { return socket.local.port == port || socket.remote.port == port; });
}

}  // namespace

WatchOptions WhyTarget::watch() const {
  WatchOptions options;
  options.pid = pid;
  options.tree = pid != 0;  // a server's workers are its children
  options.port = port;
  options.comm = program;
  options.all = true;
  return options;
}

WhyWorld this_machine() {
  return {[](std::int32_t pid) { return probe::exists(pid); }, [](std::int32_t pid) { return probe::command_of(pid); },
          is_in_use};
}

core::Result<WhyTarget> read_target(const std::string& word, const WhyWorld& world) {
  if (word.empty()) return core::fail(unusable(word, "give a process, a port such as :8001, or a program such as nginx"));
  if (is_number(word)) return read_number(word, world);
  const std::size_t colon = word.rfind(':');
  const std::string behind = colon == std::string::npos ? "" : word.substr(colon + 1);
  const auto port = port_in(behind);
  if (is_number(behind) && !port) return core::fail(unusable(word, "a port is a number from 1 to 65535"));
  if (colon == 0 && !port) return core::fail(unusable(word, "a port is a number from 1 to 65535"));
  if (colon == 0) return of_port(*port, "");
  WhyTarget target;
  target.port = port;
  target.program = port ? word.substr(0, colon) : word;
  const std::string name = report::clipped(target.program, kLongestShown);
  target.words = port ? fmt::format("{} on port {}", name, *port) : name;
  return target;
}

}  // namespace uncork::cli
