#pragma once
// The connections of one service, while somebody looks at it.

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/watch/options.hpp"
#include "cli/watch/source.hpp"
#include "core/clock.hpp"
#include "probe/connection_board.hpp"
#include "stall/service.hpp"

namespace uncork::cli {

/// What a connection did between two looks.
struct Moment {
  std::uint64_t exchanges = 0;
  core::Micros busy{0};  ///< while exchanges were under way
  core::Micros lost{0};
};

/// Opens a source of its own, from now on: the sums by service are kept in the kernel without a word of single connections, and
/// to be told of all of them is what makes a watch dear. One thread.
class ServiceConnections {
 public:
  [[nodiscard]] static core::Result<std::unique_ptr<ServiceConnections>> open(const WatchOptions& watched,
                                                                              const stall::ServiceKey& key);

  [[nodiscard]] core::Status update(core::Time now);
  /// Those that lost anything or were late with anything, the fastest loser first.
  [[nodiscard]] std::vector<probe::ConnectionBoard::Line> lines() const;
  [[nodiscard]] std::size_t seen() const { return board_->seen(); }
  /// By cookie: the last kMoments looks at which it exchanged something.
  [[nodiscard]] const std::deque<Moment>& moments(std::uint64_t cookie) const;
  static constexpr std::size_t kMoments = 60;

 private:
  ServiceConnections() = default;
  struct Known {
    Moment sums;
    std::deque<Moment> moments;
  };
  WatchOptions options_;
  WatchSource source_;
  std::unique_ptr<probe::ConnectionBoard> board_;
  std::unordered_map<std::uint64_t, Known> known_;
};

}  // namespace uncork::cli
