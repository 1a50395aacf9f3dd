#include "sink/store/service_sums.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "sink/store/packed_times.hpp"
#include "stall/cause.hpp"

namespace uncork::sink {
namespace {

/// The numbers that are no cause's. Add new ones at the end of each of the three parts: columns are found by name.
enum Plain : std::uint8_t {
  polls,
  watched_us,
  connections,
  open,
  losers,
  exchanges,
  writes,
  wrote_bytes,
  received_bytes,
  holds,
  spurious_probes,
  late_writes,
  late_worst_us,
  sampled,
  plain_end
};
static_assert(plain_end == kPlainSums);

constexpr std::array<std::string_view, kPlainSums> kPlainNames = {
    "polls",          "watched_us", "connections",     "open",        "losers",        "exchanges", "writes", "wrote_bytes",
    "received_bytes", "holds",      "spurious_probes", "late_writes", "late_worst_us", "sampled"};

constexpr std::size_t kBudgetAt = kPlainSums;
constexpr std::size_t kLateAt = kBudgetAt + stall::kCauses;

std::vector<SumColumn> make_columns() {
  std::vector<SumColumn> columns;
  for (std::size_t i = 0; i < kPlainNames.size(); ++i) {
    columns.push_back({std::string(kPlainNames[i]), i == open || i == late_worst_us || i == sampled ? Merge::most : Merge::sum});
  }
  for (const stall::Cause cause : stall::all_causes()) {
    columns.push_back({(stall::is_stall(cause) ? "lost_" : "") + std::string(stall::name(cause)) + "_us"});
  }
  for (const stall::Cause cause : stall::all_causes()) {
    if (stall::is_stall(cause)) columns.push_back({"late_" + std::string(stall::name(cause)) + "_us"});
  }
  return columns;
}

std::int64_t number_of(std::uint64_t number) { return static_cast<std::int64_t>(number); }
std::uint64_t count_of(std::int64_t number) { return static_cast<std::uint64_t>(std::max<std::int64_t>(number, 0)); }

std::string joined(const std::string& last, const std::function<std::string(std::size_t)>& each) {
  std::string text;
  for (std::size_t i = 0; i < kSums; ++i) text += each(i) + ", ";
  return text + last;
}

}  // namespace

std::span<const SumColumn> sum_columns() {
  static const std::vector<SumColumn> kColumns = make_columns();
  return kColumns;
}

ServiceSums& ServiceSums::operator+=(const ServiceSums& other) {
  const auto columns = sum_columns();
  for (std::size_t i = 0; i < kSums; ++i) {
    numbers[i] = columns[i].merge == Merge::sum ? numbers[i] + other.numbers[i] : std::max(numbers[i], other.numbers[i]);
  }
  times += other.times;
  return *this;
}

core::Micros ServiceSums::lost() const {
  core::Micros lost{0};
  for (std::size_t i = 0; i < stall::kStalls; ++i) lost += core::Micros(numbers[kBudgetAt + i]);
  return lost;
}

core::Micros ServiceSums::watched() const { return core::Micros(numbers[watched_us]); }

stall::Confidence ServiceSums::confidence() const {
  return numbers[sampled] != 0 ? stall::Confidence::sampled : stall::Confidence::witnessed;
}

bool ServiceSums::empty() const {
  for (std::size_t i = 0; i < kSums; ++i) {
    if (i != polls && i != watched_us && i != sampled && numbers[i] != 0) return false;
  }
  return times.count() == 0;
}

ServiceSums sums_of(const stall::Service& increments, core::Micros watched, stall::Confidence confidence) {
  const stall::Account& account = increments.account;
  const stall::Late late = account.late();
  ServiceSums sums;
  auto& to = sums.numbers;
  to[polls] = 1;
  to[watched_us] = watched.count();
  to[connections] = number_of(increments.connections);
  to[open] = number_of(increments.open);
  to[losers] = number_of(increments.losers);
  to[exchanges] = number_of(account.exchanges);
  to[writes] = number_of(account.writes);
  to[wrote_bytes] = number_of(account.wrote_bytes);
  to[received_bytes] = number_of(account.received_bytes);
  to[holds] = number_of(account.holds);
  to[spurious_probes] = number_of(account.spurious_probes);
  to[late_writes] = number_of(late.writes);
  to[late_worst_us] = late.worst.count();
  to[sampled] = confidence == stall::Confidence::sampled ? 1 : 0;
  for (std::size_t i = 0; i < stall::kCauses; ++i) to[kBudgetAt + i] = account.budget[static_cast<stall::Cause>(i)].count();
  for (std::size_t i = 0; i < stall::kStalls; ++i) to[kLateAt + i] = account.late_by[i].total.count();
  sums.times = increments.times;
  return sums;
}

stall::Service service_of(stall::ServiceKey key, bool others, const ServiceSums& sums) {
  const auto& from = sums.numbers;
  stall::Service service;
  service.key = std::move(key);
  service.others = others;
  service.open = count_of(from[open]);
  service.connections = std::max(count_of(from[connections]), service.open);
  service.losers = count_of(from[losers]);
  stall::Account& account = service.account;
  account.exchanges = count_of(from[exchanges]);
  account.writes = count_of(from[writes]);
  account.wrote_bytes = count_of(from[wrote_bytes]);
  account.received_bytes = count_of(from[received_bytes]);
  account.holds = count_of(from[holds]);
  account.spurious_probes = count_of(from[spurious_probes]);
  for (std::size_t i = 0; i < stall::kCauses; ++i) {
    account.budget[static_cast<stall::Cause>(i)] = core::Micros(from[kBudgetAt + i]);
  }
  for (std::size_t i = 0; i < stall::kStalls; ++i) account.late_by[i].total = core::Micros(from[kLateAt + i]);
  // Which cause made how many writes late is not kept: they are put where most was late.
  const auto most = std::ranges::max_element(account.late_by, {}, &stall::Late::total);
  most->writes = count_of(from[late_writes]);
  most->worst = core::Micros(from[late_worst_us]);
  service.times = sums.times;
  return service;
}

std::string sum_column_names() {
  return joined("p50_us, p99_us, times", [](std::size_t i) { return sum_columns()[i].name; });
}

std::string sum_placeholders() {
  return joined("?, ?, ?", [](std::size_t) { return std::string("?"); });
}

void bind_sums(Statement& statement, int from, const ServiceSums& sums, std::string& packed_times) {
  int at = from;
  for (const std::int64_t number : sums.numbers) statement.bind(at++, number);
  if (sums.times.count() != 0) {
    statement.bind(at, sums.times.quantile(0.5).count());
    statement.bind(at + 1, sums.times.quantile(0.99).count());
  }
  packed_times = packed(sums.times);
  statement.bind_bytes(at + 2, packed_times);
}

void add_sums(const Statement& statement, int from, ServiceSums& to) {
  int at = from;
  auto column = sum_columns().begin();
  for (std::int64_t& number : to.numbers) {
    const std::int64_t more = statement.number(at++);
    number = column->merge == Merge::sum ? number + more : std::max(number, more);
    ++column;
  }
  add_packed(statement.bytes(at + 2), to.times);
}

ServiceSums read_sums(const Statement& statement, int from) {
  ServiceSums sums;
  add_sums(statement, from, sums);
  return sums;
}

}  // namespace uncork::sink
