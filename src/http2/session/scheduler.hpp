#pragma once
// Which stream's DATA leaves next (RFC 9218 10).

#include <array>
#include <cstdint>
#include <vector>

#include "http2/frame.hpp"
#include "http2/session/priority.hpp"

namespace uncork::http2 {

/// Streams that have something to send and a window for it. The most urgent go first; of equal ones those that are of use in
/// whole one after the other, in the order of their ids, and the incremental ones by turns; between the two kinds it alternates,
/// so that neither starves the other. A value.
class Scheduler {
 public:
  void add(stream_id id, const Priority& how);
  /// Of one that was added and not taken since.
  void remove(stream_id id, const Priority& how) noexcept;
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// The next one's id, which is no longer there then: who has more to send is added again. There must be one.
  [[nodiscard]] stream_id take() noexcept;

 private:
  struct Level {
    std::vector<stream_id> whole;        // sorted
    std::vector<stream_id> incremental;  // by turns
    bool was_whole = false;
  };
  std::array<Level, kUrgencies> levels_;
  std::size_t count_ = 0;
};

}  // namespace uncork::http2
