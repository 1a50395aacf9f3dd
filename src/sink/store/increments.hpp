#pragma once
// From sums that only grow to what each poll added to them.

#include <map>
#include <utility>

#include "stall/service.hpp"

namespace uncork::sink {

/// The kernel's sums of a service count from when the witness began; the store keeps what each poll added. Remembers the sums of
/// the poll before, by service. Sans-I/O, not thread-safe.
class Increments {
 public:
  /// What `now` has that the poll before had not; `open` stays as it is. All of it where there was none before, or where there
  /// was more: it counts anew then. Only what the store keeps is subtracted; places, sizes and workers are left out.
  [[nodiscard]] stall::Service of(const stall::Service& now);

  /// Forgets the services that had no part in this poll.
  void end_poll();

 private:
  struct Before {
    stall::Service service;
    bool seen = true;
  };
  std::map<std::pair<bool, stall::ServiceKey>, Before> before_;  // by whether it is the others
};

}  // namespace uncork::sink
