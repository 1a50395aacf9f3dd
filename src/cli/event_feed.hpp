#pragma once
// The stream of `uncork watch --events`: events wait until the board knows whose socket they are of, then each is a line.

#include <cstddef>
#include <string>
#include <vector>

#include "probe/connection_board.hpp"
#include "probe/witness.hpp"

namespace uncork::cli {

/// Not thread-safe.
class EventFeed {
 public:
  /// `witness` must stream and outlive this.
  EventFeed(probe::Witness& witness, bool json) : witness_(witness), json_(json) {}

  /// Takes what the kernel has streamed, waiting up to `timeout` for the first event.
  [[nodiscard]] core::Status take(core::Micros timeout);
  /// The events taken so far of sockets that `board` wants, a line each; the others are forgotten.
  [[nodiscard]] std::string take_lines(const probe::ConnectionBoard& board);

 private:
  static constexpr std::size_t kMostWaiting = 1 << 20;

  probe::Witness& witness_;
  bool json_;
  std::vector<probe::SocketEvent> waiting_;
  std::size_t dropped_ = 0;
};

}  // namespace uncork::cli
