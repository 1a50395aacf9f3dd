#pragma once
// What every verb's file shares: the exit codes, how a verb hangs itself into the command line, how input errors are said.

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command_line.hpp"
#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "core/error.hpp"
#include "core/result.hpp"

namespace uncork::cli {

/// The exit codes of every verb; scripts rely on them.
enum class Exit : int {
  ok = 0,            ///< nothing wrong
  found = 1,         ///< a stall was found, or a scenario failed
  usage = 2,         ///< the command line or an input was unusable
  not_possible = 3,  ///< not permitted or not possible on this machine
  internal = 4,      ///< uncork's own fault
};

/// The exit code of somebody's command, which passes through: any from 0 to 255.
[[nodiscard]] constexpr Exit passed_on(int code) { return static_cast<Exit>(code); }

/// Set by the chosen verb while the command line is parsed; main runs it afterwards.
using Action = std::function<Exit()>;

/// Each adds one verb with its options and help to `program`; parsing it sets `chosen`. One file a verb.
void add_watch(const Verb& program, Action& chosen);
void add_why(const Verb& program, Action& chosen);
void add_sockets(const Verb& program, Action& chosen);
void add_collect(const Verb& program, Action& chosen);
void add_top(const Verb& program, Action& chosen);
void add_show(const Verb& program, Action& chosen);
void add_query(const Verb& program, Action& chosen);
void add_verify(const Verb& program, Action& chosen);
void add_proxy(const Verb& program, Action& chosen);
void add_recv(const Verb& program, Action& chosen);
void add_send(const Verb& program, Action& chosen);
void add_check(const Verb& program, Action& chosen);
void add_cure(const Verb& program, Action& chosen);
void add_run(const Verb& program, Action& chosen);
void add_lab(const Verb& program, Action& chosen);
void add_doctor(const Verb& program, Action& chosen);
void add_zino(const Verb& program, Action& chosen);
void add_h2(const Verb& program, Action& chosen);

// ---- options: every kind is read in one place, so that it is written and refused alike in every verb ----

/// An option that `parse(name, text)` reads into `into`, shown with `type` in help. A bad value ends the parse with the error's
/// own sentence (exit 2), which names the option and what is accepted.
template <typename T, typename Parse>
Option add_parsed(const Verb& verb, const std::string& name, T& into, const std::string& type, const std::string& help,
                  const Parse& parse) {
  const auto read = [&into, name, parse](const std::string& text) -> core::Status {
    const auto value = parse(name, text);
    if (!value) return core::fail(value.error());
    into = *value;
    return {};
  };
  return verb.add_read(name, read, help).type_name(type);
}

enum class Zero : bool { refused, allowed };

/// `10s`, `250ms`.
Option add_duration(const Verb& verb, const std::string& name, core::Micros& into, const std::string& help,
                    Zero zero = Zero::allowed);
Option add_duration(const Verb& verb, const std::string& name, std::optional<core::Micros>& into, const std::string& help,
                    Zero zero = Zero::allowed);
/// The id of a process, whether or not there is one.
[[nodiscard]] core::Result<std::int32_t> parse_pid(const std::string& argument, const std::string& text);
Option add_endpoint(const Verb& verb, const std::string& name, core::Endpoint& into, const std::string& help);
/// The id of a process, whether or not there is one.
Option add_pid(const Verb& verb, const std::string& name, std::int32_t& into, const std::string& help);
/// Allowed, 0 is a port that the kernel picks; the default is shown.
Option add_port(const Verb& verb, const std::string& name, std::uint16_t& into, const std::string& help, Zero zero);
Option add_port(const Verb& verb, const std::string& name, std::optional<std::uint16_t>& into, const std::string& help);

/// A whole number from `least` to `most`; the error says which.
[[nodiscard]] core::Result<std::uint64_t> parse_count(std::string_view argument, std::string_view text, std::uint64_t least,
                                                      std::uint64_t most);
[[nodiscard]] core::Result<double> parse_real(std::string_view argument, std::string_view text, double least, double most);

/// So many of something; the default is shown.
template <std::unsigned_integral T>
Option add_count(const Verb& verb, const std::string& name, T& into, std::uint64_t least, std::uint64_t most,
                 const std::string& help) {
  const auto parse = [least, most](const std::string& argument, const std::string& text) -> core::Result<T> {
    const auto count = parse_count(argument, text, least, most);
    if (!count) return core::fail(count.error());
    return static_cast<T>(*count);
  };
  return add_parsed(verb, name, into, "N", help, parse).default_str(std::to_string(into));
}

/// A number that need not be whole; the default is shown.
Option add_real(const Verb& verb, const std::string& name, double& into, double least, double most, const std::string& type,
                const std::string& help);

template <typename T>
using Choices = std::vector<std::pair<std::string, T>>;

/// One of a few words, which help names in this order: `on|off`.
template <typename T>
Option add_choice(const Verb& verb, const std::string& name, T& into, Choices<T> choices, const std::string& help) {
  std::string words;
  for (const auto& [word, value] : choices) words += (words.empty() ? "" : "|") + word;
  const auto parse = [choices = std::move(choices), words](const std::string& argument, const std::string& text) {
    for (const auto& [word, value] : choices) {
      if (word == text) return core::Result<T>(value);
    }
    return core::Result<T>(core::fail(core::invalid_argument(argument + " '" + text.substr(0, 40) + "': accepted: " + words)));
  };
  return add_parsed(verb, name, into, words, help, parse);
}

/// Prints the error as one line on standard error and gives the exit code that fits it.
Exit report_error(const core::Error& error);

/// Whether to colour what goes to `fd` (1 or 2): a terminal, and neither NO_COLOR nor TERM=dumb.
bool wants_color(int fd);
/// Columns of the terminal at `fd`; 0 when it is none.
int terminal_width(int fd);
/// Its lines.
int terminal_height(int fd);

}  // namespace uncork::cli
