#pragma once
// What is kept of a service, for a poll or for a span of time: columns of numbers, and its exchange times.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "sink/sqlite/statement.hpp"
#include "stall/service.hpp"

namespace uncork::sink {

/// How two numbers of one column become one.
enum class Merge : std::uint8_t { sum, most };

struct SumColumn {
  std::string name;  ///< `exchanges`, `lost_cork_us`, `peer_think_us`
  Merge merge = Merge::sum;
};

/// All of them, in the order of ServiceSums::numbers.
[[nodiscard]] std::span<const SumColumn> sum_columns();

/// So many numbers are no cause's: polls, watched_us, and so on, in the order of service_sums.cpp.
inline constexpr std::size_t kPlainSums = 14;
inline constexpr std::size_t kSums = kPlainSums + stall::kCauses + stall::kStalls;

/// A value. Each number is what was added in the span, but for `open`, `late_worst_us` and `sampled`, which are the most that was
/// seen. What a kernel's ledger took back may make one less than nothing for a while.
struct ServiceSums {
  std::array<std::int64_t, kSums> numbers{};
  stall::ExchangeTimes times;

  ServiceSums& operator+=(const ServiceSums& other);
  bool operator==(const ServiceSums&) const = default;

  [[nodiscard]] core::Micros lost() const;
  [[nodiscard]] core::Micros watched() const;
  [[nodiscard]] stall::Confidence confidence() const;
  /// Nothing happened to it, and no connection of it is open.
  [[nodiscard]] bool empty() const;
};

/// Of what `increments` gained in one poll that stands for `watched`.
[[nodiscard]] ServiceSums sums_of(const stall::Service& increments, core::Micros watched, stall::Confidence confidence);

/// The other way round, for verdicts: without what is not kept (places, sizes, workers, an example).
[[nodiscard]] stall::Service service_of(stall::ServiceKey key, bool others, const ServiceSums& sums);

/// The columns of a table of sums that come behind its key: the numbers, then `p50_us`, `p99_us` and the packed `times`.
inline constexpr int kSumCells = static_cast<int>(kSums) + 3;
[[nodiscard]] std::string sum_column_names();
/// `numbers...=excluded...` is not enough, as times do not add up in SQL: all are set to what is bound.
[[nodiscard]] std::string sum_placeholders();

/// The packed times live in `packed_times` until the statement has run.
void bind_sums(Statement& statement, int from, const ServiceSums& sums, std::string& packed_times);
[[nodiscard]] ServiceSums read_sums(const Statement& statement, int from);
/// The same as `to += read_sums(...)`, in a third of the time.
void add_sums(const Statement& statement, int from, ServiceSums& to);

}  // namespace uncork::sink
