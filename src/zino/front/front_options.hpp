#pragma once
// What `uncork zino front` can be told.

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace uncork::zino {

struct FrontOptions {
  std::string host;  ///< of the server: a name or an address, looked up for each client
  std::uint16_t port = 8001;
  std::uint16_t notify_port = 8002;
  std::vector<std::string> listen = {"127.0.0.1"};  ///< numeric addresses
  std::uint16_t listen_port = 8001;                 ///< 0: the kernel chooses, for each address
  std::uint16_t listen_notify_port = 8002;
  std::size_t ahead = 64;                                   ///< questions under way at a time, a client
  std::size_t max_connections = 4000;                       ///< of clients, on both ports together
  core::Micros connect_timeout = std::chrono::seconds(10);  ///< to the server
  bool handle_signals = true;                               ///< SIGTERM and SIGINT end the front
  std::function<void(const std::string&)> log = [](const std::string&) {};
};

}  // namespace uncork::zino
