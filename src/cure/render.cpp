#include "cure/render.hpp"

#include <fmt/format.h>

#include <iterator>

#include "core/json.hpp"

namespace uncork::cure {
namespace {

using core::Json;

std::string remote_of(const TcpSocket& socket) { return socket.remote ? core::to_string(*socket.remote) : std::string(); }

std::string table_line(std::string_view fd, std::string_view local, std::string_view remote, std::string_view state,
                       std::string_view before, std::string_view after) {
  // 21 columns hold any IPv4 address and port; 11 the longest common state.
  return fmt::format("{:>5}  {:<21}  {:<21}  {:<11}  {:<6}  {}\n", fd, local, remote, state, before, after);
}

std::string_view on_off(bool set) { return set ? "on" : "off"; }

}  // namespace

void CureTotals::add(const CureReport& report) {
  pid = report.pid;
  seen += report.sockets.size();
  changed += report.changed;
  undone += report.undone;
  set_again += report.set_again.size();
}

std::string table_header() { return table_line("fd", "local", "remote", "state", "before", "after"); }

std::string table_rows(std::span<const SocketOutcome> sockets) {
  std::string text;
  for (const SocketOutcome& outcome : sockets) {
    const TcpSocket& socket = outcome.socket;
    const std::string remote = remote_of(socket);
    text += table_line(std::to_string(socket.fd), core::to_string(socket.local), remote.empty() ? "-" : remote,
                       to_string(socket.state), on_off(socket.is_set), on_off(outcome.set_after));
  }
  return text;
}

std::string json_rows(pid_t pid, SocketOption option, std::span<const SocketOutcome> sockets) {
  const std::string key(word(option));
  std::string text;
  for (const SocketOutcome& outcome : sockets) {
    const TcpSocket& socket = outcome.socket;
    const Json line = {{"type", "socket"},
                       {"pid", pid},
                       {"fd", socket.fd},
                       {"local", core::to_string(socket.local)},
                       {"remote", remote_of(socket)},
                       {"cookie", socket.id.cookie},
                       {key + "_before", socket.is_set},
                       {key + "_after", outcome.set_after},
                       {"changed", outcome.changed}};
    text += line.dump(Json::Order::as_inserted) + "\n";
  }
  return text;
}

std::string json_set_again(pid_t pid, const TcpSocket& socket) {
  const Json line = {{"type", "set_again"},
                     {"pid", pid},
                     {"fd", socket.fd},
                     {"local", core::to_string(socket.local)},
                     {"remote", remote_of(socket)},
                     {"cookie", socket.id.cookie}};
  return line.dump(Json::Order::as_inserted) + "\n";
}

std::string json_summary(const CureTotals& totals) {
  const Json line = {{"type", "summary"},         {"pid", totals.pid},       {"seen", totals.seen},
                     {"changed", totals.changed}, {"undone", totals.undone}, {"set_again", totals.set_again}};
  return line.dump(Json::Order::as_inserted) + "\n";
}

}  // namespace uncork::cure
