#pragma once
// The parts of `uncork zino`, a file for each or for a few that are alike, and what they share.

#include <cstdint>
#include <string>

#include "cli/verb.hpp"
#include "core/result.hpp"

namespace uncork::cli {

/// Each adds its parts to `zino`; parsing one sets `chosen`.
void add_zino_serve(const Verb& zino, Action& chosen);
void add_zino_front(const Verb& zino, Action& chosen);
void add_zino_fixture(const Verb& zino, Action& chosen);
void add_zino_list(const Verb& zino, Action& chosen);
void add_zino_show(const Verb& zino, Action& chosen);
void add_zino_history(const Verb& zino, Action& chosen);
void add_zino_log(const Verb& zino, Action& chosen);
void add_zino_set_state(const Verb& zino, Action& chosen);
void add_zino_add_history(const Verb& zino, Action& chosen);
void add_zino_watch(const Verb& zino, Action& chosen);
void add_zino_fetch(const Verb& zino, Action& chosen);
void add_zino_pm(const Verb& zino, Action& chosen);

/// Reads HOST, HOST:PORT or [ADDRESS]:PORT; `port` stays as it is if none is given. `name` is what the error calls it.
core::Status parse_server(const std::string& name, const std::string& text, std::string& host, std::uint16_t& port);
/// An option that is one.
Option add_server(const Verb& verb, const std::string& name, std::string& host, std::uint16_t& port, const std::string& help);

}  // namespace uncork::cli
