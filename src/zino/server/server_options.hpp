#pragma once
// What `uncork zino serve` can be told.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/endpoint.hpp"
#include "zino/server/writes.hpp"

namespace uncork::zino {

struct ServerOptions {
  std::string state;
  std::string secrets;
  std::string polldevs;                             ///< empty: no routers
  std::vector<std::string> listen = {"127.0.0.1"};  ///< numeric addresses, IPv4 or IPv6
  std::uint16_t port = 8001;                        ///< 0: the kernel chooses, for each address
  std::uint16_t notify_port = 8002;
  Writes writes = Writes::coalesced;
  bool nagle = false;
  std::string poll_command;                               ///< a program, run with ROUTER [IFINDEX]; empty: none
  std::string archive;                                    ///< where scavenged cases go; empty: old-events beside the state file
  std::size_t max_connections = 4000;                     ///< on both ports together; half of them at most for notifications
  core::Micros login_timeout = std::chrono::seconds(10);  ///< also to tie a notification channel
  core::Micros idle_timeout{0};                           ///< without a whole line; 0: none
  core::Micros write_timeout = std::chrono::seconds(60);  ///< a client that reads nothing for so long is cut
  std::size_t failed_logins = 100;                        ///< per address and minute
  core::Micros fold_period = std::chrono::minutes(5);
  core::Micros maintenance_period = std::chrono::minutes(1);  ///< of looking for cases that came during one, too
  core::Micros scavenge_period = std::chrono::minutes(30);
  bool handle_signals = true;  ///< SIGTERM and SIGINT end the server, SIGHUP reloads
  std::function<void(const std::string&)> log = [](const std::string&) {};
};

/// The ports that one address was given.
struct Listening {
  core::Endpoint commands;
  core::Endpoint notifications;
};

}  // namespace uncork::zino
