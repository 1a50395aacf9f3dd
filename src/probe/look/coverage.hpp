#pragma once
// Whether a look saw everything, and what it knows that it missed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace uncork::probe {

/// How one namespace's rows compare with the kernel's own count of its sockets. A value.
struct NamespaceCoverage {
  std::uint64_t inode = 0;
  std::string name;
  std::uint64_t rows = 0;  ///< of sockets that are there, closed ones not counted
  /// /proc/net/sockstat and sockstat6 of the namespace, read after its dump: sockets in use of both families and TIME_WAIT.
  /// Absent: nobody could be asked, or only some states were looked at. Request sockets are in no count, and in no comparison.
  std::optional<std::uint64_t> counted{};
  std::uint64_t requests = 0;  ///< of the rows
  bool complete = false;       ///< its dump ended with the kernel's own word that it was complete
  std::string trouble{};       ///< why it is not whole, in a sentence; empty when it is

  [[nodiscard]] bool whole() const { return complete && trouble.empty(); }
};

/// Published with every look. A value.
struct Coverage {
  bool unseen = false;  ///< nothing could be seen; the rest is of an earlier look
  std::vector<NamespaceCoverage> namespaces;
  std::uint64_t rows = 0;
  std::uint64_t counted = 0;              ///< by the kernel, over the namespaces whose count is known
  std::uint64_t vanished_namespaces = 0;  ///< gone in mid-step: no rows
  std::uint64_t refused_namespaces = 0;   ///< that this user may not enter
  std::uint64_t dump_gaps = 0;            ///< dumps that were cut, truncated, interrupted or refused
  std::uint64_t duplicate_cookies = 0;    ///< listed twice; one row of each is kept
  std::uint64_t missed_cookies = 0;       ///< seen now and two looks ago, but not in between
  std::uint64_t unended_cookies = 0;      ///< gone since two looks without a word, and not held by a process
  std::uint64_t close_events = 0;         ///< since the look before
  std::uint64_t nameless_closes = 0;      ///< of those, without addresses and never seen before: no row
  std::uint64_t close_events_lost = 0;    ///< times that the kernel said it had to drop some (ENOBUFS)
  std::uint64_t endings_lost = 0;         ///< events of connections' ends that found BPF's ring full
  std::uint64_t unknown_attributes = 0;   ///< of rows, that the decoder does not know: counted, not misread

  [[nodiscard]] bool whole() const;
  /// One line: `5050 of 5050 sockets in 50 namespaces` and, when it is not whole, what is missing.
  [[nodiscard]] std::string sentence() const;
};

}  // namespace uncork::probe
