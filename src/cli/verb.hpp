#pragma once
// What every verb's file shares: the exit codes, how a verb hangs itself into the command line, how input errors are said.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/error.hpp"

namespace uncork::cli {

/// The exit codes of every verb; scripts rely on them.
enum class Exit : int {
  ok = 0,            ///< nothing wrong
  found = 1,         ///< a stall was found, or a scenario failed
  usage = 2,         ///< the command line or an input was unusable
  not_possible = 3,  ///< not permitted or not possible on this machine
  internal = 4,      ///< uncork's own fault
};

/// Set by the chosen verb while the command line is parsed; main runs it afterwards.
using Action = std::function<Exit()>;

/// Each adds one verb with its options and help to `program`; parsing it sets `chosen`. One file a verb.
void add_watch(CLI::App& program, Action& chosen);
void add_proxy(CLI::App& program, Action& chosen);
void add_recv(CLI::App& program, Action& chosen);
void add_send(CLI::App& program, Action& chosen);
void add_cure(CLI::App& program, Action& chosen);
void add_lab(CLI::App& program, Action& chosen);
void add_doctor(CLI::App& program, Action& chosen);
void add_zino(CLI::App& program, Action& chosen);

/// Options that read core's types; a bad value ends the parse with core's own sentence (exit 2).
CLI::Option* add_duration(CLI::App& verb, const std::string& name, core::Micros& into, const std::string& help);
CLI::Option* add_endpoint(CLI::App& verb, const std::string& name, core::Endpoint& into, const std::string& help);

/// Prints the error as one line on standard error and gives the exit code that fits it.
Exit report_error(const core::Error& error);

/// Whether to colour what goes to `fd` (1 or 2): a terminal, and neither NO_COLOR nor TERM=dumb.
bool wants_color(int fd);
/// Columns of the terminal at `fd`; 0 when it is none.
int terminal_width(int fd);

}  // namespace uncork::cli
