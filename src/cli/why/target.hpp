#pragma once
// What `uncork why` was asked about: a process, a port, or a program.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/watch/options.hpp"
#include "core/result.hpp"

namespace uncork::cli {

struct WhyTarget {
  std::int32_t pid = 0;
  std::optional<std::uint16_t> port;
  std::string program;
  std::string words;  ///< how it was read: `process 4242 (nginx) and what it starts`, `port 8001`, `nginx on port 443`

  /// What a watch of it is asked for.
  [[nodiscard]] WatchOptions watch() const;
};

/// What a word may mean: on this machine now, or in a store at some time.
struct WhyWorld {
  std::function<bool(std::int32_t pid)> is_process;
  std::function<std::string(std::int32_t pid)> name_of;  ///< what the process calls itself
  std::function<bool(std::uint16_t port)> is_port_in_use;
};
/// The running machine: /proc, and the sockets of our network namespace.
[[nodiscard]] WhyWorld this_machine();

/// `:8001` is a port; a number is a living process, or else a port in use; all else is the name of a program, with its port
/// behind a colon if it likes. invalid_argument: it is none of these, with what was tried.
[[nodiscard]] core::Result<WhyTarget> read_target(const std::string& word, const WhyWorld& world);

}  // namespace uncork::cli
