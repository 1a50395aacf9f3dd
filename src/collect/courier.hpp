#pragma once
// A courier: takes parcels from whoever has them to one outlet.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "collect/backlog.hpp"
#include "collect/backoff.hpp"
#include "collect/tally.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "sink/outlet/outlet.hpp"

namespace uncork::collect {

struct CourierOptions {
  std::string name = {};  ///< what messages call the outlet
  BacklogOptions backlog = {};
  BackoffOptions backoff = {};
  /// Called first on the courier's own thread; what fails there is told, and no more.
  std::function<core::Status()> prepare = {};
  std::uint64_t seed = std::random_device{}();  ///< of the backoff's chance
};

/// At one moment. Parcels sent, with those that an earlier process left in the spool, are delivered, waiting, spooled, refused or
/// lost.
struct CourierStats {
  Tally delivered;
  Tally waiting;               ///< in memory
  Tally spooled;               ///< on disk
  Tally refused;               ///< by the outlet, for ever
  Tally lost;                  ///< to make room, at the limit of the spool, or of memory where the disk takes nothing
  std::uint64_t failures = 0;  ///< attempts that came to not_now
  SpoolLosses spool;
  std::string trouble;        ///< why the outlet takes nothing now; empty: it does
  std::string spool_trouble;  ///< why the spool takes nothing now
};

/// What stop() could not do.
struct Farewell {
  Tally kept;           ///< in the spool, for the next start
  Tally lost;           ///< by this courier in all, for want of room or of a spool at its end
  std::string trouble;  ///< of the outlet or the spool, or what was handed on and may not have arrived; empty: none
  /// `tcp:[::1]:4000: 3 parcels (...) stay in the spool (connection refused)`; empty: all was delivered.
  [[nodiscard]] std::string sentence(const std::string& name) const;
};

/// Has a thread of its own, which alone uses the outlet: one outlet that is slow or dead delays neither the senders nor the
/// others. Parcels are delivered in the order in which they were sent, each once; after a crash of the process those that were
/// being delivered may come again.
class Courier {
 public:
  /// Starts. The one error is that another process uses the spool.
  [[nodiscard]] static core::Result<std::unique_ptr<Courier>> start(std::unique_ptr<sink::Outlet> outlet, CourierOptions options);
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;
  /// Stops, and waits for the outlet no longer than it takes to come back.
  ~Courier();

  /// Any thread. Never waits for the outlet. When memory is full or the outlet is out of order it writes to the spool, which is
  /// the time that a write to the page cache takes.
  void send(sink::Parcel parcel);

  /// Any thread.
  [[nodiscard]] CourierStats stats() const;
  /// What there is to tell a person, each once: that the outlet has failed, that it works again, what it noticed. Any thread.
  [[nodiscard]] std::vector<std::string> take_messages();

  /// Begins what stop() waits for, with its deadline; nothing may be sent after it.
  void wind_up(core::Time deadline);
  /// Delivers what it can until `deadline`, without waiting any more for an outlet that is out of order if a spool keeps the
  /// rest. Returns at most a tenth of a second later, unless the outlet looks up a name. Nothing may be sent after it. Once.
  [[nodiscard]] Farewell stop(core::Time deadline);

  [[nodiscard]] const std::string& name() const { return options_.name; }

 private:
  Courier(std::unique_ptr<sink::Outlet> outlet, CourierOptions options, Backlog backlog);
  void run();
  [[nodiscard]] bool is_over(core::Time now) const;
  void wait_until(std::unique_lock<std::mutex>& lock, core::Time until);
  void attempt(std::unique_lock<std::mutex>& lock, const std::shared_ptr<const sink::Parcel>& parcel);
  void settle(const sink::Delivery& delivery, const sink::Parcel& parcel, core::Time now);
  void begin_outage(const std::string& why, core::Time now);
  void end_outage(core::Time now);
  /// Once when the spool stops working, and once when the first parcel is lost.
  void tell_of_losses();
  void tell(std::string message);

  const CourierOptions options_;
  mutable std::mutex mutex_;  // of all below but the outlet and what is in its hands
  std::condition_variable wake_;
  Backlog backlog_;
  Backoff backoff_;
  CourierStats counted_;  // what the backlog does not count itself
  std::vector<std::string> messages_;
  core::Time retry_at_{};
  core::Time outage_since_{};
  bool is_spool_trouble_told_ = false;
  bool is_loss_told_ = false;
  bool is_stopping_ = false;
  bool is_last_try_over_ = false;  // of an outlet that is out of order while stopping
  core::Time stop_by_{};
  std::string unconfirmed_;  // what the outlet's last flush says

  std::unique_ptr<sink::Outlet> outlet_;
  std::shared_ptr<const sink::Parcel> in_hand_;  // in the middle of it
  core::Time in_hand_since_{};
  std::thread thread_;
};

}  // namespace uncork::collect
