#pragma once
// Which sockets are in trouble.

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "probe/look/look.hpp"
#include "record/row.hpp"

namespace uncork::collect {

/// Compares each look with the one before. Sans-I/O; one thread.
class Troubled {
 public:
  explicit Troubled(std::size_t most) : most_(most) {}

  /// The connections that have lost time to a stall, sent something again or stood before a closed window since the look before,
  /// what lost most first; not those that have ended. At first nothing is known of any. Their texts are the look's.
  [[nodiscard]] std::vector<record::Row> of(const probe::Look& look);

 private:
  struct Seen {
    std::uint64_t look = 0;
    std::uint64_t lost_us = 0;
    std::uint32_t retransmitted = 0;
  };

  std::size_t most_;
  std::uint64_t look_ = 0;
  std::unordered_map<std::uint64_t, Seen> seen_;  // by cookie
};

}  // namespace uncork::collect
