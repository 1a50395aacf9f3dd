#pragma once
// Requests to a listener whose SYN-ACK nobody answered, or whose answer found the listener's queue full. Sans-I/O.

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "probe/bpf/ending_records.h"
#include "record/row.hpp"

namespace uncork::probe {

/// Remembers the requests whose SYN-ACK was sent again until they became connections, or until so long after the last time that
/// the kernel must have dropped them. Times are CLOCK_MONOTONIC. Not thread-safe.
class RequestBook {
 public:
  /// More requests than this at a time are not remembered: what a flood of SYNs may cost.
  static constexpr std::size_t kMost = 65'536;

  explicit RequestBook(std::uint32_t tick_ns) : tick_ns_(tick_ns) {}

  void retried(const uncork_retried_request& request);
  void made(std::uint64_t cookie) { requests_.erase(cookie); }

  /// Appends a row for each that never became a connection: never_connected, as the kernel lists a request (SYN_RECV, and how
  /// often its SYN-ACK was sent again). Each begins as a copy of `base`; its time is that of the last SYN-ACK.
  void collect(const record::Row& base, std::int64_t realtime_ns, std::uint64_t now_ns, std::vector<record::Row>& into);

  [[nodiscard]] std::size_t size() const { return requests_.size(); }

 private:
  [[nodiscard]] std::uint64_t over_at(const uncork_retried_request& request) const;

  std::uint32_t tick_ns_;
  std::uint64_t collect_at_ns_ = 0;
  std::unordered_map<std::uint64_t, uncork_retried_request> requests_;
};

}  // namespace uncork::probe
