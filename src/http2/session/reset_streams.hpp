#pragma once
// Which streams this end has reset.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "http2/frame.hpp"

namespace uncork::http2 {

/// What the peer had sent before it read the reset must be ignored (RFC 9113 5.1, closed), however many streams it had in flight:
/// none that was added is ever forgotten. Ids that follow each other are one range, and beyond kMostRanges the two with the
/// smallest gap become one, which takes what lies between for reset too: a frame on those is ignored then where it would be an
/// error. All ids are of one side. A value.
class ResetStreams {
 public:
  static constexpr std::size_t kMostRanges = 256;

  void add(stream_id id) {
    const auto behind = std::ranges::upper_bound(ranges_, id, {}, &Range::first);
    if (behind != ranges_.begin() && std::prev(behind)->last >= id) return;
    const bool follows = behind != ranges_.begin() && std::prev(behind)->last + kStep == id;
    const bool precedes = behind != ranges_.end() && id + kStep == behind->first;
    if (follows && precedes) {
      std::prev(behind)->last = behind->last;
      ranges_.erase(behind);
    } else if (follows) {
      std::prev(behind)->last = id;
    } else if (precedes) {
      behind->first = id;
    } else {
      ranges_.insert(behind, {id, id});
      if (ranges_.size() > kMostRanges) join_nearest();
    }
  }
  [[nodiscard]] bool has(stream_id id) const noexcept {
    const auto behind = std::ranges::upper_bound(ranges_, id, {}, &Range::first);
    return behind != ranges_.begin() && std::prev(behind)->last >= id;
  }
  [[nodiscard]] std::size_t ranges() const noexcept { return ranges_.size(); }
  [[nodiscard]] std::size_t memory() const noexcept { return ranges_.capacity() * sizeof(Range); }
  void shrink_to_fit() { ranges_.shrink_to_fit(); }

 private:
  struct Range {
    stream_id first;
    stream_id last;
  };
  static constexpr stream_id kStep = 2;

  // The oldest of equal gaps: what is on its way belongs to the newest streams.
  void join_nearest() {
    auto nearest = ranges_.begin();
    for (auto at = ranges_.begin(); std::next(at) != ranges_.end(); ++at) {
      if (std::next(at)->first - at->last < std::next(nearest)->first - nearest->last) nearest = at;
    }
    nearest->last = std::next(nearest)->last;
    ranges_.erase(std::next(nearest));
  }

  std::vector<Range> ranges_;  // sorted, apart from each other
};

}  // namespace uncork::http2
