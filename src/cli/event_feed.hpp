#pragma once
// The stream of `uncork watch --events`: events wait until the board knows whose socket they are of, then they are printed.

#include <cstddef>
#include <vector>

#include "probe/connection_board.hpp"
#include "probe/witness.hpp"

namespace uncork::cli {

/// Not thread-safe; prints to standard output.
class EventFeed {
 public:
  /// `witness` must stream and outlive this.
  EventFeed(probe::Witness& witness, bool json) : witness_(witness), json_(json) {}

  /// Takes what the kernel has streamed, waiting up to `timeout` for the first event.
  [[nodiscard]] core::Status take(core::Micros timeout);
  /// Prints the events taken so far of sockets that `board` wants, and forgets the others.
  void print(const probe::ConnectionBoard& board);

 private:
  static constexpr std::size_t kMostWaiting = 1 << 20;

  probe::Witness& witness_;
  bool json_;
  std::vector<probe::SocketEvent> waiting_;
  std::size_t dropped_ = 0;
};

}  // namespace uncork::cli
