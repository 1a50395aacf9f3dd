#pragma once
// An outlet: a place outside the program that envelopes go to.

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "sink/outlet/parcel.hpp"

namespace uncork::sink {

/// What became of a parcel. It is never lost in silence: until it was delivered or refused, it is the caller's.
struct Delivery {
  enum class Kind : std::uint8_t {
    delivered,  ///< the outlet has it
    going_on,   ///< the deadline came in the middle: go on with the same parcel
    not_now,    ///< the outlet is out of order: try the same parcel again after a while
    refused,    ///< the outlet will never take this parcel; others it may
  };
  Kind kind = Kind::delivered;
  std::string why;  ///< of not_now and refused: one sentence that names the attempt
  /// Of not_now: the outlet was told when to come again, and not before.
  std::optional<core::Micros> retry_after;

  [[nodiscard]] static Delivery done() { return {}; }
  [[nodiscard]] static Delivery going_on() { return {Kind::going_on, {}, {}}; }
  [[nodiscard]] static Delivery not_now(std::string why, std::optional<core::Micros> retry_after = {}) {
    return {Kind::not_now, std::move(why), retry_after};
  }
  [[nodiscard]] static Delivery refused(std::string why) { return {Kind::refused, std::move(why), {}}; }
};

/// One thread at a time; any thread. An outlet opens and reopens its file or connection itself, in deliver(), and does not wait
/// between attempts: that is its caller's (collect::Courier).
class Outlet {
 public:
  Outlet() = default;
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;
  virtual ~Outlet() = default;

  /// Returns when something has become of the parcel, and soon after `deadline` at the latest; a deadline that has passed means:
  /// what can be done at once. After going_on and not_now the next call must bring the same parcel, or forget() comes first.
  [[nodiscard]] virtual Delivery deliver(const Parcel& parcel, core::Time deadline) = 0;

  /// The parcel that deliver() was in the middle of will not come again.
  virtual void forget() {}

  /// Sees what was delivered to where it is safe: to the disk, to the peer. Errors say what is not, and how much.
  [[nodiscard]] virtual core::Status flush(core::Time /*deadline*/) { return {}; }

  /// The largest envelope that it takes whole; larger ones it cuts between rows, if their format shows where those end.
  [[nodiscard]] virtual std::size_t most_bytes() const { return std::numeric_limits<std::size_t>::max(); }

  /// What there is to tell that is no failure, such as a tail that a crash has left in a file and that was cut off. Each is told
  /// once.
  [[nodiscard]] std::string take_notice() { return std::exchange(notice_, {}); }

 protected:
  void notice(const std::string& sentence) { notice_ += (notice_.empty() ? "" : "; ") + sentence; }

 private:
  std::string notice_;
};

}  // namespace uncork::sink
