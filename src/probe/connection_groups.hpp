#pragma once
// Connections summed up in user space: by service where the kernel keeps no sums, or by whatever else they have in common.

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "probe/source.hpp"
#include "stall/service.hpp"

namespace uncork::probe {

/// Fed each poll of a Source. What was told of an ended connection stays in the sums; a group's sums are as exact as what it was
/// told. Sans-I/O, not thread-safe.
class ConnectionGroups {
 public:
  /// Which group a connection belongs to, as seen first.
  using KeyOf = std::function<stall::ServiceKey(const ConnectionRow&)>;
  ConnectionGroups(KeyOf key_of, const stall::Threshold& threshold, Wanted wanted = {})
      : key_of_(std::move(key_of)), threshold_(threshold), wanted_(std::move(wanted)) {}

  void update(const std::vector<ConnectionRow>& rows);
  /// The groups, each with its workers.
  [[nodiscard]] std::vector<stall::Service> services() const;

 private:
  using Groups = std::map<stall::ServiceKey, stall::Service>;
  struct Member {
    stall::Service* group = nullptr;
    stall::Account account;  // as it is in the group's
    bool loser = false;
    bool nodelay = false;
  };
  Member& member_of(const ConnectionRow& row);
  void take(Member& member, const ConnectionRow& row) const;

  KeyOf key_of_;
  stall::Threshold threshold_;
  Wanted wanted_;
  Groups groups_;
  std::unordered_map<std::uint64_t, Member> members_;  // open connections by cookie
};

/// The service that a connection belongs to.
[[nodiscard]] stall::ServiceKey service_key_of(const ConnectionRow& row);

}  // namespace uncork::probe
