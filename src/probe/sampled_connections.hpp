#pragma once
// What a sampler knows of each connection: its ledger, its addresses, its process.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "probe/diag/inet_diag.hpp"
#include "probe/processes.hpp"
#include "probe/source.hpp"
#include "stall/sampled_ledger.hpp"

namespace uncork::probe {

/// The connections of one network namespace, fed with lists of its sockets, listening ones included: those tell which end
/// answers. Sans-I/O, in the lists' time; not thread-safe.
class SampledConnections {
 public:
  /// A socket that misses from this many lists in a row has ended: one list may miss a live one (the kernel does not say when).
  static constexpr int kMissesToEnd = 2;
  /// A socket whose process was looked for this often, in vain, belongs to another user.
  static constexpr int kNameTries = 2;
  /// Ended connections kept for rows(); more are counted as dropped.
  static constexpr std::size_t kEndedKept = 4096;

  /// `netns`: how rows name the namespace.
  explicit SampledConnections(std::string netns) : netns_(std::move(netns)) {}

  void take(const SocketList& list);

  /// Whether some connection's process is not known and was not yet looked for often enough.
  [[nodiscard]] bool wants_names() const;
  void give_names(const SocketHolders& holders);

  /// Every connection that has carried something, and those that ended since the last call. Both ends of a connection, if they
  /// are here, name each other's process.
  [[nodiscard]] std::vector<ConnectionRow> take_rows();

  [[nodiscard]] std::size_t size() const { return open_.size(); }
  [[nodiscard]] std::size_t dropped() const { return dropped_; }
  /// Connections whose process stays unknown.
  [[nodiscard]] std::size_t nameless() const;

 private:
  struct Connection {
    stall::SampledLedger ledger;
    core::Endpoint local;
    core::Endpoint remote;
    std::uint32_t inode = 0;
    stall::Process process{};
    int fd = -1;
    int name_tries = 0;
    std::uint64_t seen_in = 0;  // number of the list
    bool carried = false;       // any data, ever
    SocketShown shown{};

    [[nodiscard]] bool wants_name() const { return carried && inode != 0 && process.pid == 0 && name_tries < kNameTries; }
  };

  void sample(const DiagSocket& socket);
  void end_missing();
  [[nodiscard]] ConnectionRow row_of(std::uint64_t cookie, const Connection& connection, bool ended) const;

  std::string netns_;
  std::unordered_map<std::uint64_t, Connection> open_;  // by cookie
  std::vector<ConnectionRow> ended_;
  std::vector<core::Endpoint> listening_;
  std::uint64_t lists_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace uncork::probe
