#pragma once
// The parts of `uncork zino`, a file for each or for a few that are alike, and what they share.

#include <cstdint>
#include <string>

#include "cli/verb.hpp"
#include "core/result.hpp"

namespace uncork::cli {

/// Each adds its parts to `zino`; parsing one sets `chosen`.
void add_zino_serve(CLI::App& zino, Action& chosen);
void add_zino_front(CLI::App& zino, Action& chosen);
void add_zino_fixture(CLI::App& zino, Action& chosen);
void add_zino_list(CLI::App& zino, Action& chosen);
void add_zino_show(CLI::App& zino, Action& chosen);
void add_zino_history(CLI::App& zino, Action& chosen);
void add_zino_log(CLI::App& zino, Action& chosen);
void add_zino_set_state(CLI::App& zino, Action& chosen);
void add_zino_add_history(CLI::App& zino, Action& chosen);
void add_zino_watch(CLI::App& zino, Action& chosen);
void add_zino_fetch(CLI::App& zino, Action& chosen);
void add_zino_pm(CLI::App& zino, Action& chosen);

/// Reads HOST, HOST:PORT or [ADDRESS]:PORT; `port` stays as it is if none is given. `name` is what the error calls it.
core::Status parse_server(const std::string& name, const std::string& text, std::string& host, std::uint16_t& port);
/// An option that is one.
CLI::Option* add_server(CLI::App& verb, const std::string& name, std::string& host, std::uint16_t& port, const std::string& help);

}  // namespace uncork::cli
