#pragma once
// How a cure is shown: a plain table for people, NDJSON for programs.

#include <cstddef>
#include <span>
#include <string>

#include "cure/watcher.hpp"

namespace uncork::cure {

/// What all passes of one run did together.
struct CureTotals {
  pid_t pid = 0;
  std::size_t seen = 0;  ///< different TCP sockets shown
  std::size_t changed = 0;
  std::size_t undone = 0;
  std::size_t set_again = 0;  ///< times that the program had taken the option off

  void add(const CureReport& report);
};

/// The column names, then a newline.
[[nodiscard]] std::string table_header();
/// One line a socket: fd, local, remote, state, the option before and after. An address longer than its column pushes the rest.
[[nodiscard]] std::string table_rows(std::span<const SocketOutcome> sockets);

/// `{"type":"socket",...,"nodelay_before":...}`, one line a socket, keys named for the option; `remote` is empty for a socket
/// that is not connected.
[[nodiscard]] std::string json_rows(pid_t pid, SocketOption option, std::span<const SocketOutcome> sockets);
/// `{"type":"set_again",...}` and a newline, for a socket from which the program had taken the option.
[[nodiscard]] std::string json_set_again(pid_t pid, const TcpSocket& socket);
/// `{"type":"summary",...}` and a newline.
[[nodiscard]] std::string json_summary(const CureTotals& totals);

}  // namespace uncork::cure
