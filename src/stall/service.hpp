#pragma once
// A service: what one program does in one role on one port, over all of its connections; its sums, and the verdict about it.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/endpoint.hpp"
#include "stall/account.hpp"
#include "stall/event.hpp"
#include "stall/exchange_times.hpp"
#include "stall/verdict.hpp"
#include "stall/way.hpp"

namespace uncork::stall {

/// Who a line of the sums is of.
struct ServiceKey {
  std::string command;        ///< the process's, not a thread's; of another grouping what it groups by: `10.0.0.5`, `web-1`
  Role role = Role::unknown;  ///< responder: it serves
  std::uint16_t port = 0;     ///< its own when it serves, else the one it connects to; 0: of another grouping
  std::string netns;          ///< as in ConnectionEnd; empty: of several

  auto operator<=>(const ServiceKey&) const = default;
};

/// `server`, `client`, or `?`.
[[nodiscard]] std::string_view name(Role role);

/// A process that works for a service.
struct Worker {
  std::int32_t pid = 0;       ///< in our pid namespace; 0: it is not in there
  std::int32_t host_pid = 0;  ///< in the first one; 0: not known
  std::uint64_t connections = 0;
  core::Micros lost{0};
  bool alive = true;
  bool operator==(const Worker&) const = default;
};

/// Exchanges of one kind.
struct Part {
  std::uint64_t exchanges = 0;
  core::Micros lost{0};
  bool operator==(const Part&) const = default;
};

using Parts = std::vector<Part>;

/// One of its connections.
struct Example {
  core::Endpoint local;
  core::Endpoint remote;
  core::Micros lost{0};
};

/// The sums of a service. A value. Parts are empty where the source does not know them.
struct Service {
  ServiceKey key;
  bool others = false;  ///< all that found no room for a row of their own
  Account account;
  ExchangeTimes times;
  std::uint64_t connections = 0;  ///< that have carried something; of a connection within the machine each end has its own
  std::uint64_t open = 0;         ///< of these
  std::uint64_t losers = 0;       ///< of these, that lost what matters by themselves
  std::array<std::uint64_t, kStalls> losers_by{};  ///< of these, by the cause to which each lost most
  std::uint64_t nodelay = 0;                       ///< of these, with TCP_NODELAY when seen last
  Parts by_place;                                  ///< first exchange of its connection, second, later ones
  Parts by_request;                                ///< bytes of the request: row n is of 2^n to 2^(n+1)-1
  Parts by_answer;
  std::optional<Example> worst;  ///< the connection that lost most; where none has lost anything, any
  std::vector<Worker> workers;   ///< the one that lost most first
  std::string container;         ///< of that one, as people know it: `default/web-7d4b9/nginx`; empty: in none, or not looked up

  /// More of its connections have ended than are open.
  [[nodiscard]] bool is_short_lived() const { return connections - open > open; }
};

/// Where in its connections, or in which sizes, a service lost nearly all of its time (kMostShare), if the exchanges there are
/// clearly fewer (kFewShare) than all: `from the second exchange of a connection on`, `in answers of 8,192 bytes and more`.
[[nodiscard]] std::optional<std::string> concentration(const Service& service);
inline constexpr double kMostShare = 0.9;
inline constexpr double kFewShare = 0.75;

struct ServiceVerdict {
  Service service;
  core::Micros lost{0};
  Cause cause = Cause::idle;
  Fault fault = Fault::nobody;
  Confidence confidence = Confidence::witnessed;
  Remedy remedy;
  std::vector<Choice> choices;  ///< the ways to end it, best first
  std::optional<std::string> concentrated;
  std::string peer;      ///< the program at the other end, if it is on this machine: `curl`
  bool matters = false;  ///< as a whole, or one of its connections by itself
  // Of trace_ways(), which needs all of a machine's services:
  Way way;                ///< of its exchanges
  std::string waits_for;  ///< the program further on that holds; empty: none, or this service loses time itself
};

[[nodiscard]] bool matters(const Service& service, const Threshold& threshold);

/// Pure. `peer` as in ServiceVerdict.
[[nodiscard]] ServiceVerdict conclude(Service service, Confidence confidence, const Threshold& threshold, std::string peer = "");

}  // namespace uncork::stall
