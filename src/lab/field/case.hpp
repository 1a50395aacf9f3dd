#pragma once
// A case from the field: what two programs do on one connection, over what, and what a correct verdict about it is.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "link/impairments.hpp"
#include "stall/cause.hpp"

namespace uncork::lab::field {

enum class Who : std::uint8_t { client, server, relay };
[[nodiscard]] std::string_view name(Who who);

enum class Act : std::uint8_t {
  write,       ///< `bytes` in one send
  write_more,  ///< the same with MSG_MORE
  read,        ///< until `bytes` have come
  sleep,       ///< for `time`
  wait,        ///< until something is readable, `time` at most
  cork,        ///< TCP_CORK on
  uncork,      ///< and off
  nodelay,     ///< TCP_NODELAY on
};

struct Action {
  Act act = Act::read;
  std::size_t bytes = 0;
  core::Micros time{0};
  bool operator==(const Action&) const = default;
};

/// What a program does to its socket before the first exchange, and how it goes about reading.
struct Setup {
  bool nodelay = false;
  std::optional<int> receive_buffer_bytes;  ///< SO_RCVBUF; nothing: the kernel's choice
  std::optional<int> send_buffer_bytes;     ///< SO_SNDBUF
  std::string congestion_control;           ///< TCP_CONGESTION; empty: the kernel's choice
  unsigned threads = 1;                     ///< that share the connection, each with exchanges of its own
  core::Micros polls{0};                    ///< it looks at its socket once in so long; 0: it blocks
  bool operator==(const Setup&) const = default;
};

struct Side {
  Setup setup;
  std::vector<Action> actions;  ///< one exchange
  bool closes = false;          ///< after the last; else it waits until the other end does
  bool operator==(const Side&) const = default;
};

/// Both ends included.
struct Range {
  double least = 0;
  double most = 0;
  [[nodiscard]] bool holds(double value) const { return value >= least && value <= most; }
  bool operator==(const Range&) const = default;
};

enum class Unit : std::uint8_t {
  ms,       ///< an exchange
  of_lost,  ///< percent of what is lost, by any cause at any end
  of_wall,  ///< percent of the exchanges' time
};
/// `ms`, `% of lost`, `% of wall`.
[[nodiscard]] std::string_view name(Unit unit);

/// Time that must be charged. A stall's `who` is who can end it: for a receive window the reader, whose peer's account has it.
struct Want {
  Who who = Who::client;
  std::vector<stall::Cause> causes;  ///< their sum is judged; the first must be the largest
  std::optional<Range> range;        ///< nothing: more than is charged to nobody
  Unit unit = Unit::ms;
  bool operator==(const Want&) const = default;
};

/// Causes that may be charged without being wanted.
struct Allowance {
  Who who = Who::client;
  std::vector<stall::Cause> causes;
  bool operator==(const Allowance&) const = default;
};

/// How late writes left.
struct WantLate {
  Who who = Who::client;
  Range ms;                      ///< an exchange, all late writes together
  std::optional<double> writes;  ///< late ones an exchange
  bool operator==(const WantLate&) const = default;
};

/// A word that the remedy of the verdict must have, or must not have.
struct Advice {
  bool has = true;
  std::string word;
  bool operator==(const Advice&) const = default;
};

enum class Cure : std::uint8_t {
  nodelay,        ///< TCP_NODELAY from the beginning
  merge,          ///< writes that follow each other are one
  nocork,         ///< no MSG_MORE, no TCP_CORK
  nosleep,        ///< no sleeps
  kernel_sndbuf,  ///< the send buffer left to the kernel
  kernel_rcvbuf,
};
[[nodiscard]] std::string_view name(Cure cure);

struct Remedy {
  Who who = Who::client;
  Cure cure = Cure::nodelay;
  bool operator==(const Remedy&) const = default;
};

/// A value.
struct Case {
  std::string name;   ///< `F02`
  std::string title;  ///< a few words
  Side client;
  Side server;
  std::optional<Setup> relay;             ///< a process between the two that writes each read as it comes
  std::optional<link::Impairments> link;  ///< nothing: loopback
  unsigned repeat = 15;                   ///< exchanges (of each thread); the first is not judged
  std::vector<Want> wants;
  std::vector<Allowance> allows;
  std::vector<WantLate> lates;
  std::vector<Advice> advices;
  std::vector<Remedy> remedies;  ///< what ends the stall
  double recovery_percent = 15;  ///< how far what was claimed and what is given back may be apart
  bool operator==(const Case&) const = default;

  /// No stall is wanted.
  [[nodiscard]] bool blames_nobody() const;
  [[nodiscard]] const Side& side(Who who) const { return who == Who::server ? server : client; }
};

/// The same with its remedies applied.
[[nodiscard]] Case cured(const Case& sick);

/// `server nagle_delayed_ack 38-44 ms`, or `nobody`: who is to be blamed, one line each.
[[nodiscard]] std::vector<std::string> wanted_lines(const Case& field_case);

}  // namespace uncork::lab::field
