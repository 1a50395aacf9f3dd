#pragma once
// The parts of `uncork zino`, a file for each, and what they share.

#include <cstdint>
#include <string>

#include "cli/verb.hpp"

namespace uncork::cli {

/// Each adds its parts to `zino`; parsing one sets `chosen`.
void add_zino_serve(CLI::App& zino, Action& chosen);
void add_zino_front(CLI::App& zino, Action& chosen);
void add_zino_fixture(CLI::App& zino, Action& chosen);

/// An option `HOST[:PORT]`; the port stays as it is if none is given.
CLI::Option* add_server(CLI::App& verb, const std::string& name, std::string& host, std::uint16_t& port, const std::string& help);

}  // namespace uncork::cli
