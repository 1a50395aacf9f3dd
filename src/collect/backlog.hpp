#pragma once
// What waits for one outlet: a queue in memory, and behind it a spool on disk.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "collect/spool.hpp"
#include "collect/tally.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "sink/outlet/parcel.hpp"

namespace uncork::collect {

struct BacklogOptions {
  std::uint64_t memory_bytes = 8'000'000;
  std::optional<SpoolOptions> spool = {};
};

/// First in, first out, whichever of the two a parcel waits in: when memory is full, or the outlet is out of order, all that is
/// in memory goes to the end of the spool. Without a spool, or while its disk takes nothing, memory goes on alone and loses the
/// oldest when it is full. One thread at a time; it reads no clock.
class Backlog {
 public:
  /// The one error is that another process uses the spool. One that cannot be opened for another reason is told by
  /// spool_trouble(), and tend() tries again.
  [[nodiscard]] static core::Result<Backlog> open(BacklogOptions options, core::Time now);

  void push(sink::Parcel parcel, core::Time now);

  /// The oldest parcel, the same one until pop() or a tend() that has opened the spool; null if nothing waits.
  [[nodiscard]] std::shared_ptr<const sink::Parcel> front();
  /// What front() gave is not waiting any more.
  void pop();

  /// While it lasts, parcels go to the disk at once, so that a crash loses none of them.
  void set_outage(bool lasts, core::Time now);
  /// Opens the spool if that has failed before and is due again. Not between front() and the end of what is done with its parcel.
  void tend(core::Time now);
  /// Moves all to the spool and syncs it; what cannot be kept is lost.
  void keep(core::Time now);

  [[nodiscard]] const Tally& in_memory() const { return in_memory_; }
  [[nodiscard]] Tally spooled() const { return spool_ ? spool_->waiting() : Tally{}; }
  [[nodiscard]] bool has_spool() const { return spool_.has_value(); }
  /// By the limit of the spool, or of memory where there is no other place.
  [[nodiscard]] const Tally& lost() const { return lost_; }
  [[nodiscard]] SpoolLosses spool_losses() const { return spool_ ? spool_->losses() : SpoolLosses{}; }
  /// Why the spool takes nothing now; empty: it does, or there is none.
  [[nodiscard]] const std::string& spool_trouble() const { return spool_trouble_; }

 private:
  /// Where the parcel is that front() gave. With its user alone: it had to make room, and is lost unless its user gets rid of it.
  enum class Held : std::uint8_t { nothing, in_memory, in_spool, by_its_user };

  explicit Backlog(BacklogOptions options) : options_(std::move(options)) {}
  [[nodiscard]] core::Status open_spool();
  void spill(core::Time now);
  [[nodiscard]] core::Status spill_oldest();
  void lose_oldest();
  void note_spool_trouble(const core::Error& error, core::Time now);

  BacklogOptions options_;
  std::deque<std::shared_ptr<const sink::Parcel>> memory_;
  Tally in_memory_;
  std::optional<Spool> spool_;
  std::string spool_trouble_;
  core::Time spool_due_{};  // when the disk is tried again
  bool outage_ = false;
  std::shared_ptr<const sink::Parcel> held_;
  Held held_where_ = Held::nothing;
  Tally lost_;
};

}  // namespace uncork::collect
