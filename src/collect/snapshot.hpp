#pragma once
// What a poll left behind for those who look on: the page, the metrics, the health check.

#include <cstdint>
#include <string>
#include <vector>

#include "collect/exits.hpp"
#include "collect/keeper.hpp"
#include "collect/profile.hpp"
#include "core/clock.hpp"
#include "core/own_cost.hpp"
#include "probe/look/coverage.hpp"

namespace uncork::collect {

/// What a poll did.
struct PollReport {
  std::uint64_t sequence = 0;  ///< of the poll since the boot, or, without a store, since the start
  std::size_t rows = 0;        ///< handed on
  std::size_t close_ups = 0;   ///< rows between the poll before and this one, of connections in trouble
  std::size_t services = 0;    ///< that exchanged something since the poll before
  core::Micros lost{0};        ///< by them
  core::Micros took{0};
  std::string coverage;               ///< `5050 of 5050 sockets in 50 namespaces`
  std::vector<std::string> messages;  ///< what a person should know, each once: what could not be seen, stored or delivered
  KeeperStats store;                  ///< polls that the store refused: those that wait, and those that were dropped
};

/// The state of a collector after a poll. Made by the thread that polls, and never changed again.
struct Snapshot {
  PollReport poll;
  std::int64_t began_ns = 0;  ///< of the poll, since 1970
  core::Time at{};            ///< when the poll had ended
  core::Micros interval{0};   ///< between the begins of polls, as it is set now
  probe::Coverage coverage;
  std::vector<Exits::Stats> sinks;
  Profile profile{};          ///< of the thread that polls
  core::OwnCost cost;         ///< since the collector began
  std::string store;          ///< the store's file; empty: there is none
  std::string store_trouble;  ///< why it did not take this poll; empty: it did, or there is none
};

}  // namespace uncork::collect
