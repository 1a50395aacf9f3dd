#pragma once
// The connections of a test suite summed up to services: one program in one role on one port.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "check/listeners.hpp"
#include "check/program_names.hpp"
#include "core/endpoint.hpp"
#include "probe/source.hpp"

namespace uncork::check {

struct ServiceKey {
  std::string program;
  Role role = Role::server;
  std::uint16_t port = 0;  ///< where the server listens; 0: many ports
  auto operator<=>(const ServiceKey&) const = default;
};

struct Service {
  ServiceKey key;
  std::size_t connections = 0;
  stall::Account account;
  stall::ConnectionEnd worst;  ///< the end that lost most
};

/// Fed each poll of a source; sums up at any time. A program in one role that uses more than kMostPorts ports has one service for
/// all of them, as a suite that starts a server for each test; what comes after kMostServices is summed up as the program
/// `others`. So its memory has a bound, whatever the suite does. Not thread-safe.
class Services {
 public:
  static constexpr std::size_t kMostPorts = 16;
  static constexpr std::size_t kMostServices = 1000;
  /// Connections that have vanished without a last row; beyond these they are summed up as they were seen last.
  static constexpr std::size_t kMostVanished = 10'000;

  /// `netns`: the namespace whose rows are wanted, as a source names it.
  explicit Services(std::string netns) : netns_(std::move(netns)) {}

  void update(std::vector<probe::ConnectionRow> rows, const Listeners& listeners);

  /// In the order of their names.
  [[nodiscard]] std::vector<Service> all() const;
  /// Connections at ::1, by their ends.
  [[nodiscard]] std::size_t ipv6_ends() const { return ipv6_ends_; }

 private:
  struct Sum {
    std::size_t connections = 0;
    stall::Account account;
    stall::ConnectionEnd worst;
    core::Micros worst_lost{-1};
  };
  struct Open {
    ServiceKey key;
    probe::ConnectionRow row;
    std::uint64_t seen_in = 0;
  };
  using Sums = std::map<ServiceKey, Sum>;

  static void add(Sums& sums, const ServiceKey& key, const probe::ConnectionRow& row);
  static ServiceKey place_of(const Sums& sums, const ServiceKey& key);
  void fold_vanished();

  std::string netns_;
  ProgramNames names_;
  std::unordered_map<std::uint64_t, Open> open_;  // by cookie
  Sums ended_;
  std::uint64_t polls_ = 0;
  std::size_t ipv6_ends_ = 0;
};

/// `server python3, port 8001`.
[[nodiscard]] std::string name_of(const ServiceKey& key);

}  // namespace uncork::check
