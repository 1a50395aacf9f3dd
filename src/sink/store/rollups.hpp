#pragma once
// The sums of services, written: of each poll, and merged into those of its minute and of its hour.

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "core/result.hpp"
#include "sink/sqlite/database.hpp"
#include "sink/store/grouping.hpp"
#include "sink/store/service_sums.hpp"

namespace uncork::sink {

/// Who sums are of, in the store.
struct StoredService {
  stall::ServiceKey key;
  std::string container;
  bool others = false;  ///< all that found no room for a row of their own
  Grouping by = Grouping::service;

  auto operator<=>(const StoredService&) const = default;
};

/// `responder` as the store spells it: `server`, `client`, `?`; and back.
[[nodiscard]] stall::Role role_named(std::string_view word);

/// Writes within the transaction of its caller, into the same database as long as it lives.
class Rollups {
 public:
  [[nodiscard]] static core::Result<Rollups> prepare(Database& database);

  /// Once for each service of a poll.
  [[nodiscard]] core::Status add(std::int64_t poll, std::int64_t began_ns, const StoredService& who, const ServiceSums& sums);
  /// After a transaction that was undone: what it had learnt of the services' ids is not true any more.
  void forget() { ids_.clear(); }

 private:
  Rollups() = default;
  [[nodiscard]] core::Result<std::int64_t> id_of(const StoredService& who, std::int64_t now_s);
  [[nodiscard]] core::Status merge(std::int64_t span_s, std::int64_t now_s, std::int64_t service, ServiceSums sums);

  struct Known {
    std::int64_t id = 0;
    std::int64_t last_s = 0;  // the hour in which it was seen last, as the store has it
  };

  Statement find_service_, add_service_, touch_service_, add_sums_, find_rollup_, put_rollup_;
  std::map<StoredService, Known> ids_;
};

}  // namespace uncork::sink
